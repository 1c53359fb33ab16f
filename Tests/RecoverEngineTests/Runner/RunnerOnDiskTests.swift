internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Synchronization
internal import Testing

/// The runner on the real store and the real clock, where another process is another handle on the same file.
@Suite("runner on disk")
struct RunnerOnDiskTests {
  /// A state directory with one planned run, and what runners of it are made of.
  final class Lab: Sendable {
    let directory: StateDirectory
    let store: SQLiteStore
    let run = RunID(seconds: 1, random: 1)
    let log = Mutex<[String]>([])

    init(_ plan: Plan) async throws {
      directory = try StateDirectory()
      store = try SQLiteStore(directory: directory.path)
      try await store.create(run, plan: plan, at: RecordTimes(wall: .now, monotonic: .now))
    }

    /// The store as another process sees it.
    func otherHandle() throws -> SQLiteStore { try SQLiteStore(directory: directory.path) }

    func note(_ what: String) { log.withLock { $0.append(what) } }

    func ports(_ catalog: ScriptedCatalog, pid: Int32 = 1, isAlive: Bool = true) throws -> RunnerPorts {
      let path = directory.path
      return RunnerPorts(
        store: try otherHandle(), catalog: catalog, clock: SystemClock(), fence: LoggingFence(lab: self),
        locker: LoggingLocker(lab: self), observer: RecordingObserver(),
        identity: RunnerIdentity(host: "here", bootID: "boot", pid: pid, startTime: 1, user: "me"),
        isAlive: { _ in isAlive }, directory: { "\(path)/\($0)" }, leaseTiming: .standard, crashPoints: CrashPoints())
    }

    func kinds() async throws -> [String] { try await History(of: run, in: store).events.map(\.kind) }
  }

  private struct LoggingFence: Fence {
    let lab: Lab

    func endPredecessor(
      _ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64
    ) async throws {
      lab.note("fence \(owner.map { String($0.pid) } ?? "nobody") \(children.count) \(epoch)")
    }
  }

  private struct LoggingLocker: TargetLocker {
    let lab: Lab

    func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock {
      lab.note("lock \(epoch)")
      return LoggingLock(lab: lab)
    }
  }

  private struct LoggingLock: HeldTargetLock {
    let lab: Lab

    func isHeld() async -> Bool { true }
    func release() async { lab.note("unlock") }
  }

  /// Waits until the task is cancelled, as work does that polls its interruption.
  private static func hang() async throws { try await Task.sleep(for: .seconds(3600)) }

  @Test("an attempt past its timeout is cancelled on the real clock")
  func timeout() async throws {
    let step = Plans.step("a", timeout: .seconds(1), backoff: .milliseconds(1))
    let lab = try await Lab(Plans.plan([step]))
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { context in
        if context.attempt < 3 { try await Self.hang() }
        return .integer(Int64(context.attempt))
      }
    }
    let machine = try await Runner(ports: lab.ports(catalog), control: RunControl()).perform(
      lab.run, .start(confirmedBy: "me"))
    #expect(machine.state == .succeeded)
    #expect(machine.steps[0].evidence == 3)
    #expect(try await History(of: lab.run, in: lab.store).machine == machine)
  }

  @Test("a pause that another process leaves in the store ends an interruptible step")
  func requestPolling() async throws {
    let lab = try await Lab(Plans.plan([Plans.step("a")]))
    let other = try lab.otherHandle()
    let catalog = ScriptedCatalog("a", isInterruptible: true) { step in
      step.performing = { _ in
        try await other.request(.pause, of: lab.run, by: "ann", at: .now)
        try await Self.hang()
        return .null
      }
    }
    let runner = Runner(ports: try lab.ports(catalog), control: RunControl())
    let machine = try await runner.perform(lab.run, .start(confirmedBy: "me"))
    #expect(machine.state == .paused)
    #expect(machine.cause?.message == "paused by ann")
    #expect(try await other.pendingRequests(of: lab.run).isEmpty)
    #expect(try await lab.kinds().suffix(2) == ["step-suspended", "paused"])
  }

  @Test("a cancel in mid-step that journals as fast as it can goes back without harm to the journal")
  func cancelledCheckpoints() async throws {
    for _ in 0..<20 {
      let lab = try await Lab(Plans.plan([Plans.step("a")]))
      let control = RunControl()
      let catalog = ScriptedCatalog("a", isInterruptible: true) { step in
        step.performing = { context in
          for count in 0... {
            try await context.reporter.checkpoint("row", .integer(Int64(count)))
            if count == 3 { control.ask(.cancel(Cause(code: .cancelled, message: "cancel"))) }
          }
          return .null
        }
      }
      let machine = try await Runner(ports: lab.ports(catalog), control: control).perform(
        lab.run, .start(confirmedBy: "me"))
      #expect(machine.state == .rolledBack)
      #expect(try await History(of: lab.run, in: lab.store).machine == machine)
    }
  }

  @Test("a takeover ends the old runner before it asks for the lock that the old one may hold")
  func takeover() async throws {
    let lab = try await Lab(Plans.plan([Plans.step("a")]))
    let dead = RunnerIdentity(host: "here", bootID: "boot", pid: 7, startTime: 1, user: "me")
    let lease = try await lab.store.acquireLease(
      for: lab.run, owner: dead, now: .now, duration: .seconds(30), isAlive: { _ in true })
    let times = RecordTimes(wall: .now, monotonic: .now)
    try await lab.store.append(
      .started(confirmedBy: "me"), to: lab.run, epoch: lease.epoch, state: .running, at: times, consuming: [])
    try await lab.store.append(
      .childStarted(step: "a", child: ["pid": 8]), to: lab.run, epoch: lease.epoch, state: .running, at: times,
      consuming: [])
    let ports = try lab.ports(ScriptedCatalog([:]), pid: 9, isAlive: false)
    let machine = try await Runner(ports: ports, control: RunControl()).perform(lab.run, .resume(by: "you"))
    #expect(machine.state == .succeeded)
    #expect(lab.log.withLock { $0 } == ["fence 7 1 2", "lock 2", "unlock"])
    #expect(try await lab.store.leases().map(\.owner) == [nil])
    #expect(try await lab.store.leases().map(\.predecessors) == [[]])
  }

  @Test("while a runner lives, another one is refused and changes nothing")
  func secondRunner() async throws {
    let lab = try await Lab(Plans.plan([Plans.step("a")]))
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { _ in
        let other = Runner(ports: try lab.ports(ScriptedCatalog([:]), pid: 2), control: RunControl())
        do {
          _ = try await other.perform(lab.run, .resume(by: "you"))
          return "the second runner worked"
        } catch let error as RecoverError {
          return .string(error.code.rawValue)
        }
      }
    }
    let machine = try await Runner(ports: lab.ports(catalog), control: RunControl()).perform(
      lab.run, .start(confirmedBy: "me"))
    #expect(machine.steps[0].evidence == "claimed")
    #expect(lab.log.withLock { $0 } == ["fence nobody 0 1", "lock 1", "unlock"])
  }

  @Test("a fence that fails leaves the old runner to be ended by the next one (I5)")
  func failedFence() async throws {
    let lab = try await Lab(Plans.plan([Plans.step("a")]))
    let hung = RunnerIdentity(host: "here", bootID: "boot", pid: 7, startTime: 1, user: "me")
    _ = try await lab.store.acquireLease(
      for: lab.run, owner: hung, now: .now, duration: .zero, isAlive: { _ in true })
    struct BrokenFence: Fence {
      func endPredecessor(
        _ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64
      ) async throws { throw RecoverError(.needsOperator, "can't end pid \(owner?.pid ?? 0)") }
    }
    var broken = try lab.ports(ScriptedCatalog([:]), pid: 8)
    broken.fence = BrokenFence()
    let code = await RunStoreConformanceTests.code {
      _ = try await Runner(ports: broken, control: RunControl()).perform(lab.run, .start(confirmedBy: "me"))
    }
    #expect(code == .needsOperator)
    _ = try await Runner(ports: lab.ports(ScriptedCatalog([:]), pid: 9), control: RunControl())
      .perform(lab.run, .start(confirmedBy: "me"))
    #expect(lab.log.withLock { $0.first } == "fence 7 0 3")
  }

  @Test("a target that is locked elsewhere refuses a run that never began, and frees its claim")
  func lockedTarget() async throws {
    let lab = try await Lab(Plans.plan([Plans.step("a")]))
    struct Taken: TargetLocker {
      func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock {
        throw RecoverError(.claimed, "locked by a colleague")
      }
    }
    var ports = try lab.ports(ScriptedCatalog([:]))
    ports.locker = Taken()
    let machine = try await Runner(ports: ports, control: RunControl()).perform(lab.run, .start(confirmedBy: "me"))
    #expect(machine.state == .failedClean)
    #expect(machine.exitStatus == .claimed)
    try await lab.store.create(
      RunID(seconds: 2, random: 2), plan: machine.plan, at: RecordTimes(wall: .now, monotonic: .now))
  }

  @Test("a lock that was lost stops the runner without another effect")
  func lostLock() async throws {
    let lab = try await Lab(Plans.plan([Plans.step("a"), Plans.step("b")]))
    struct Fleeting: TargetLocker, HeldTargetLock {
      let begun: Counter
      func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock { self }
      func isHeld() async -> Bool { begun.marked == nil }
      func release() async {}
    }
    let begun = Counter()
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { _ in
        begun.mark(1)
        try await Self.hang()
        return .null
      }
    }
    var ports = try lab.ports(catalog)
    ports.locker = Fleeting(begun: begun)
    // The lease itself outlasts a disk that is slow to flush; only the lock is lost.
    ports.leaseTiming.heartbeat = .milliseconds(10)
    let code = await RunStoreConformanceTests.code {
      _ = try await Runner(ports: ports, control: RunControl()).perform(lab.run, .start(confirmedBy: "me"))
    }
    #expect(code == .leaseLost)
    #expect(try await lab.kinds().last == "step-intended")
  }
}
