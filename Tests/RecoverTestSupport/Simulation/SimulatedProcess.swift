package import RecoverBase
package import RecoverCore
package import RecoverEngine
internal import Synchronization

/// One `recover` process of a simulation: a runner with its own pid, tasks and memory.
///
/// It crosses a numbered point before and after everything that outlives it; what happens there is scripted.
package final class SimulatedProcess: Sendable {
  /// Before or after something durable: an append, an effect, a takeover.
  package struct Crossing: Sendable, Hashable {
    /// Counts the process's crossings from 1.
    package var number: Int
    package var point: String

    /// Whether it is of an append that only serves to go on, of a run that is not on its way out.
    package var goesOn: Bool {
      SimulatedProcess.pointsGoingOn.contains { point.hasSuffix(" \($0)") || point.contains(" \($0).") }
        && !point.hasSuffix(".announce")
    }
  }

  /// What a crossing of an append says of the event that is appended: whether it only serves to go on.
  ///
  /// A copy of ``RecoverCore/RunEvent/goesOn(in:)`` by the events' names, so that the one can't hide a fault of
  /// the other.
  static let pointsGoingOn = [
    "planned", "started", "checkpoint", "child-started", "approval-requested", "approved", "step-guarded",
    "step-intended",
  ]

  /// What happens at a crossing.
  package enum Verdict: Sendable {
    case pass
    /// The process stops here, for good unless it is thawed.
    case freeze
    /// What is crossed fails.
    case fail(RecoverError)
  }

  package typealias Hook = @Sendable (SimulatedProcess, Crossing) -> Verdict

  private struct State {
    var crossingCount = 0
    var isFrozen = false
    var isDead = false
    var isSealed = false
    var parked: [CheckedContinuation<Void, Never>] = []
    var result: Result<RunMachine, any Error>?
    var task: Task<Void, Never>?
  }

  package let pid: Int32
  package let executor = ManualExecutor()
  package let control = RunControl()
  package let observer = RecordingObserver()
  let simulation: Simulation
  private let steps: (any StepCatalog)?
  private let hook: Hook?
  private let state = Mutex(State())

  init(pid: Int32, in simulation: Simulation, steps: (any StepCatalog)?, hook: Hook?) {
    self.pid = pid
    self.simulation = simulation
    self.steps = steps
    self.hook = hook
  }

  /// How it ended, once it has.
  package var result: Result<RunMachine, any Error>? { state.withLock { $0.result } }
  package var crossingCount: Int { state.withLock { $0.crossingCount } }
  var isRunnable: Bool { state.withLock { !$0.isFrozen && !$0.isDead && $0.result == nil } }
  /// Whether it returned, crashed or stands still.
  var hasEnded: Bool { state.withLock { $0.result != nil || $0.isDead || $0.isFrozen } }
  var hasFinished: Bool { state.withLock { $0.result != nil } }

  func start(_ entry: Runner.Entry) {
    let runner = Runner(ports: ports, control: control)
    let run = simulation.run
    let task = Task(executorPreference: executor) {
      let result: Result<RunMachine, any Error>
      do { result = .success(try await runner.perform(run, entry)) } catch { result = .failure(error) }
      self.finish(result)
    }
    state.withLock { $0.task = task }
  }

  private func finish(_ result: Result<RunMachine, any Error>) {
    let wasSealed = state.withLock { state in
      state.result = result
      return state.isSealed
    }
    if !wasSealed { simulation.change { $0.kill(runner: pid) } }
  }
}

// MARK: - Crossings

extension SimulatedProcess {
  /// Passes a point at which the process may be stopped, or what it does may fail.
  func cross(_ point: String) async throws {
    try check()
    let number = state.withLock { state in
      state.crossingCount += 1
      return state.crossingCount
    }
    switch hook?(self, Crossing(number: number, point: point)) ?? .pass {
    case .pass: return
    case .fail(let error): throw error
    case .freeze: await park()
    }
    try check()
  }

  /// Passes a point that is only a look, which no crash tells from the moment before; it has the number 0.
  func glance(_ point: String) throws {
    try check()
    if case .fail(let error) = hook?(self, Crossing(number: 0, point: point)) ?? .pass { throw error }
  }

  /// Stands still until the process is thawed or sealed.
  private func park() async {
    await withCheckedContinuation { continuation in
      let isSettled = state.withLock { state -> Bool in
        if state.isSealed { return true }
        state.isFrozen = true
        state.parked.append(continuation)
        return false
      }
      if isSettled { continuation.resume() }
    }
  }

  /// What a process that is over may still do: nothing.
  func check() throws {
    if state.withLock({ $0.isSealed }) { throw SimulationFailure("the process is over") }
  }

  /// Goes on after SIGSTOP, as after SIGCONT.
  package func thaw() {
    let parked = state.withLock { state in
      state.isFrozen = false
      defer { state.parked = [] }
      return state.parked
    }
    for continuation in parked { continuation.resume() }
  }

  func die() { state.withLock { $0.isDead = true } }

  /// From here on everything that the process tries fails; its tasks can be run to their end.
  func seal() {
    let task = state.withLock { state in
      state.isSealed = true
      return state.task
    }
    task?.cancel()
    control.ask(.stop(Cause(code: .interrupted, message: "the process is over")))
    thaw()
  }
}

// MARK: - What its runner works with

extension SimulatedProcess {
  package var identity: RunnerIdentity {
    RunnerIdentity(host: "sim", bootID: "boot-1", pid: pid, startTime: UInt64(pid), user: "operator")
  }

  private var ports: RunnerPorts {
    let simulation = simulation
    return RunnerPorts(
      store: ProcessStore(process: self), catalog: steps ?? SimulatedCatalog(process: self), clock: simulation.clock,
      fence: SimulatedFence(process: self), locker: SimulatedLocker(process: self), observer: observer,
      identity: identity, isAlive: { owner in simulation.world.runners.contains(owner.pid) },
      directory: { "/sim/\($0)" }, leaseTiming: .standard, crashPoints: CrashPoints())
  }
}

/// Keeps what a runner told its observer.
package final class RecordingObserver: RunObserver {
  private let seen = Mutex<[(record: JournalRecord, machine: RunMachine)]>([])

  package init() {}

  /// Every record and the machine that it led to, in order.
  package var records: [(record: JournalRecord, machine: RunMachine)] { seen.withLock { $0 } }

  package func recorded(_ record: JournalRecord, _ event: RunEvent, machine: RunMachine) {
    seen.withLock { $0.append((record, machine)) }
  }

  package func progressed(step: String, _ progress: Progress) {}
}

/// Counts what a script waits for, and keeps one number.
package final class Counter: Sendable {
  private let state = Mutex<(count: Int, mark: Int?)>((0, nil))

  package init() {}

  /// The next number, from 1.
  package func next() -> Int {
    state.withLock { state in
      state.count += 1
      return state.count
    }
  }

  package func mark(_ number: Int) { state.withLock { $0.mark = number } }
  package var marked: Int? { state.withLock { $0.mark } }
}

extension SimulatedProcess {
  /// Leaves a request in the store that it works with, as another process would.
  package func leave(_ kind: RunRequest.Kind) {
    simulation.store.leave(kind, of: simulation.run, by: "visitor", at: simulation.clock.wallTime)
  }

  /// How many effects its world has seen.
  package var simulationEffectCount: Int { simulation.world.effects.count }
}
