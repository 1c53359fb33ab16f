internal import RecoverBase
package import RecoverCore
package import RecoverEngine
internal import Synchronization

/// One universe: a world, a journal and a clock, and the processes that work in it, all on the caller's thread.
package final class Simulation: Sendable {
  /// What a crash of everything at one moment would leave: no process, no task, only what is durable.
  package struct Image: Sendable {
    package var world: SimulatedWorld
    package var store: MemoryStore.Image
    /// Nanoseconds since the simulation began.
    package var now: Int64
  }

  package let store: MemoryStore
  package let clock: VirtualClock
  package let run: RunID
  private let worldBox: Mutex<SimulatedWorld>
  private let processes = Mutex<[Int32: SimulatedProcess]>([:])

  /// The universe that an image is of.
  package init(_ image: Image, run: RunID = Simulation.runID, seed: UInt64 = 0) {
    store = MemoryStore(image.store)
    clock = VirtualClock(now: image.now, seed: seed)
    worldBox = Mutex(image.world)
    self.run = run
  }

  /// The name of the run that every simulation performs.
  package static let runID = RunID(seconds: 1_795_416_691, random: 0)

  /// A universe with a planned run of any plan.
  package init(plan: Plan) async throws {
    store = MemoryStore()
    clock = VirtualClock()
    worldBox = Mutex(SimulatedWorld())
    run = Self.runID
    try await store.create(run, plan: plan, at: RecordTimes(wall: clock.wallTime, monotonic: clock.moment))
  }

  /// What is durable now.
  package var image: Image { Image(world: world, store: store.image, now: clock.now) }
  package var world: SimulatedWorld { worldBox.withLock { $0 } }

  /// Changes the world in one atomic act.
  package func change<Value: Sendable>(_ body: (inout SimulatedWorld) throws -> Value) rethrows -> Value {
    try worldBox.withLock { try body(&$0) }
  }
}

// MARK: - Processes

extension Simulation {
  /// Starts a process that performs the run.
  ///
  /// - Parameters:
  ///   - steps: the plan's steps, where they are not those of the db procedure.
  ///   - hook: what happens at each crossing; nil lets all of them pass.
  package func spawn(
    _ entry: Runner.Entry, steps: (any StepCatalog)? = nil, hook: SimulatedProcess.Hook? = nil
  ) -> SimulatedProcess {
    let pid = change { world -> Int32 in
      world.nextPID += 1
      world.runners.insert(world.nextPID)
      return world.nextPID
    }
    let process = SimulatedProcess(pid: pid, in: self, steps: steps, hook: hook)
    processes.withLock { $0[pid] = process }
    process.start(entry)
    return process
  }

  /// Ends a process as kill -9 does: none of its tasks runs again.
  package func kill(_ pid: Int32) {
    processes.withLock { $0[pid] }?.die()
    change { $0.kill(runner: pid) }
  }

  /// Runs every live process in turn, and lets time jump when all are idle, until one of them has ended.
  ///
  /// - Throws: ``SimulationFailure`` when nothing can happen any more, or too much has happened (I13).
  package func drive(until process: SimulatedProcess) throws {
    var remaining = 2_000_000
    while !process.hasEnded {
      var isIdle = true
      for process in processes.withLock({ $0.values.sorted { $0.pid < $1.pid } }) where process.isRunnable {
        if process.executor.runNext() { isIdle = false }
      }
      remaining -= 1
      guard remaining > 0 else { throw SimulationFailure("I13: the runner does not come to an end") }
      if isIdle, !clock.jump() { throw SimulationFailure("I13: everybody waits for nothing") }
    }
  }

  /// Frees the processes, once nothing looks at their universe any more; the tasks of those that died or stand still
  /// are run to their end, in which nothing that they try works.
  package func bury() {
    let dead = processes.withLock { processes in
      defer { processes = [:] }
      return processes.values.filter { !$0.hasFinished }.sorted { $0.pid < $1.pid }
    }
    for process in dead { process.seal() }
    for _ in 0..<100_000 {
      var isIdle = true
      for process in dead where process.executor.runNext() { isIdle = false }
      if isIdle, dead.allSatisfy(\.hasFinished) || !clock.jump() { return }
    }
  }
}

/// What a simulation found wrong.
package struct SimulationFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

// MARK: - Other people

extension Simulation {
  /// Leaves requests of somebody else in the store, at moments of the clock from now.
  package func schedule(_ requests: [(kind: RunRequest.Kind, at: Duration)]) {
    let (store, run, clock) = (store, run, clock)
    for request in requests {
      clock.at(request.at) { store.leave(request.kind, of: run, by: "visitor", at: clock.wallTime) }
    }
  }
}

extension Simulation {
  /// Lets every process go on that hangs, but one.
  package func thawAnyone(but pid: Int32) {
    for process in processes.withLock({ $0.values.sorted { $0.pid < $1.pid } }) where process.pid != pid {
      process.thaw()
    }
  }
}
