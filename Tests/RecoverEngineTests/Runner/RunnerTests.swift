internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Synchronization
internal import Testing

/// What the runner does around the steps, in virtual time: waits, requests, failures of what it stands on.
@Suite("runner")
struct RunnerTests {
  /// Performs a planned run to the end of its first life.
  private static func perform(
    _ plan: Plan, _ catalog: ScriptedCatalog, _ entry: Runner.Entry = .start(confirmedBy: "me"),
    hook: SimulatedProcess.Hook? = nil, before: (Simulation) -> Void = { _ in }
  ) async throws -> (result: Result<RunMachine, any Error>, simulation: Simulation) {
    let simulation = try await Simulation(plan: plan)
    before(simulation)
    let process = simulation.spawn(entry, steps: catalog, hook: hook)
    try simulation.drive(until: process)
    return (try #require(process.result), simulation)
  }

  private static func events(_ simulation: Simulation) async throws -> [RunEvent] {
    try await History(of: simulation.run, in: simulation.store).events
  }

  private static func kinds(_ simulation: Simulation) async throws -> [String] {
    try await events(simulation).map(\.kind)
  }

  // MARK: - Time

  @Test("an attempt that takes longer than its timeout is cancelled and tried again")
  func timeout() async throws {
    let simulation = try await Simulation(plan: Plans.plan([Plans.step("a", timeout: .seconds(5))]))
    let clock = simulation.clock
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { context in
        if context.attempt == 1 { try await clock.sleep(for: .seconds(3600)) }
        return .null
      }
    }
    let process = simulation.spawn(.start(confirmedBy: "me"), steps: catalog)
    try simulation.drive(until: process)
    #expect(try #require(process.result).get().state == .succeeded)
    #expect(clock.now < Duration.seconds(10).nanoseconds)
    let codes = try await Self.events(simulation).compactMap { event -> RecoverError.Code? in
      if case .step(_, .attemptFailed(let cause, _)) = event { cause.code } else { nil }
    }
    #expect(codes == [.timedOut])
  }

  @Test("an attempt that has no timeout still ends at its step's deadline")
  func deadline() async throws {
    let simulation = try await Simulation(plan: Plans.plan([Plans.step("a", deadline: .seconds(20))]))
    let clock = simulation.clock
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { _ in
        try await clock.sleep(for: .seconds(3600))
        return .null
      }
    }
    let process = simulation.spawn(.start(confirmedBy: "me"), steps: catalog)
    try simulation.drive(until: process)
    #expect(try #require(process.result).get().state == .rolledBack)
    #expect(clock.now < Duration.seconds(40).nanoseconds)
  }

  @Test("a probe that hangs is ended by the step's timeout, and by a stop")
  func hangingProbe() async throws {
    for isStopped in [false, true] {
      let simulation = try await Simulation(plan: Plans.plan([Plans.step("a", timeout: .seconds(5))]))
      let clock = simulation.clock
      let catalog = ScriptedCatalog("a") { step in
        step.probing = { _ in
          try await clock.sleep(for: .seconds(3600))
          return .notDone
        }
      }
      let process = simulation.spawn(.start(confirmedBy: "me"), steps: catalog)
      let stop = Cause(code: .terminated, message: "stopped")
      if isStopped { clock.at(.seconds(1)) { process.control.ask(.stop(stop)) } }
      try simulation.drive(until: process)
      #expect(clock.now < Duration.seconds(10).nanoseconds)
      switch try #require(process.result) {
      case .success(let machine): #expect(!isStopped && machine.state == .failedClean)
      case .failure(let error): #expect(isStopped && (error as? RecoverError)?.code == .terminated)
      }
    }
  }

  @Test("a first look that fails for a passing reason is taken again, as often as the step may be tried")
  func repeatedLook() async throws {
    for (failures, expected) in [(2, RunState.succeeded), (3, .rolledBack)] {
      let looks = Mutex(0)
      let catalog = ScriptedCatalog("b") { step in
        step.probing = { _ in
          let look = looks.withLock { count in
            count += 1
            return count
          }
          if look <= failures { throw RecoverError(.connectionLost, "the server restarts") }
          return .notDone
        }
      }
      let plan = Plans.plan([Plans.step("a"), Plans.step("b")])
      let (result, simulation) = try await Self.perform(plan, catalog)
      #expect(try result.get().state == expected)
      #expect(looks.withLock { $0 } == 3)
      // One second, then two.
      #expect(simulation.clock.now >= Duration.seconds(3).nanoseconds)
    }
  }

  // MARK: - Requests

  @Test("a pause ends an interruptible attempt at once, and waits for any other", arguments: [true, false])
  func pause(isInterruptible: Bool) async throws {
    let simulation = try await Simulation(plan: Plans.plan([Plans.step("a"), Plans.step("b")]))
    let clock = simulation.clock
    let catalog = ScriptedCatalog("a", isInterruptible: isInterruptible) { step in
      step.performing = { _ in
        try await clock.sleep(for: .seconds(60))
        return .null
      }
    }
    let process = simulation.spawn(.start(confirmedBy: "me"), steps: catalog)
    clock.at(.seconds(10)) { process.control.ask(.pause(Cause(code: .interrupted, message: "Ctrl-C"))) }
    try simulation.drive(until: process)
    let machine = try #require(process.result).get()
    #expect(machine.state == .paused)
    #expect(machine.exitStatus == .interrupted)
    #expect(machine.steps[0].state == (isInterruptible ? .unknown(attempt: 1) : .done))
    #expect(machine.steps[0].failureCount == 0 && machine.steps[0].crashesWithoutProgress == 0)
    #expect(clock.now / 1_000_000_000 == (isInterruptible ? 10 : 60))
  }

  @Test("a stop that follows a pause ends also what a pause does not end")
  func stopAfterPause() async throws {
    let simulation = try await Simulation(plan: Plans.plan([Plans.step("a")]))
    let clock = simulation.clock
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { _ in
        try await clock.sleep(for: .seconds(3600))
        return .null
      }
    }
    let process = simulation.spawn(.start(confirmedBy: "me"), steps: catalog)
    clock.at(.seconds(1)) { process.control.ask(.pause(Cause(code: .interrupted, message: "Ctrl-C"))) }
    clock.at(.seconds(2)) { process.control.ask(.stop(Cause(code: .interrupted, message: "Ctrl-C again"))) }
    try simulation.drive(until: process)
    #expect(clock.now == Duration.seconds(2).nanoseconds)
    #expect(try await Self.kinds(simulation).last == "step-intended")
    guard case .failure = try #require(process.result) else { throw SimulationFailure("the runner went on") }
  }

  @Test("an undo is not stopped by a pause or a cancel, which are said to be ignored, but by a stop")
  func undoGoesOn() async throws {
    for isStopped in [false, true] {
      let simulation = try await Simulation(plan: Plans.plan([Plans.step("a"), Plans.step("b")]))
      let clock = simulation.clock
      var first = ScriptedStep()
      first.undoing = { _ in
        try await clock.sleep(for: .seconds(60))
        return .null
      }
      var second = ScriptedStep()
      second.performing = { _ in throw RecoverError(.stepFailed, "broken") }
      let process = simulation.spawn(.start(confirmedBy: "me"), steps: ScriptedCatalog(["a": first, "b": second]))
      simulation.schedule([(.pause, .seconds(1)), (.cancel, .seconds(2))])
      let stop = Cause(code: .terminated, message: "stopped")
      if isStopped { clock.at(.seconds(3)) { process.control.ask(.stop(stop)) } }
      try simulation.drive(until: process)
      switch try #require(process.result) {
      case .success(let machine):
        #expect(!isStopped && machine.state == .rolledBack)
        #expect(try await Self.kinds(simulation).filter { $0 == "request-ignored" }.count == 1)
      case .failure: #expect(isStopped && clock.now == Duration.seconds(3).nanoseconds)
      }
    }
  }

  @Test("a step that says it was stopped though nobody asked has failed, and is not begun for ever")
  func stopsByItself() async throws {
    let catalog = ScriptedCatalog("a") { step in step.performing = { _ in throw CancellationError() } }
    let (result, simulation) = try await Self.perform(Plans.plan([Plans.step("a")]), catalog)
    #expect(try result.get().state == .rolledBack)
    #expect(try await Self.kinds(simulation).filter { $0 == "step-intended" }.count == 1)
  }

  @Test("a request that comes as the run ends changes nothing and is no error")
  func tooLate() async throws {
    for kind in [RunRequest.Kind.pause, .cancel] {
      let plan = Plans.plan([Plans.step("a")])
      let (result, _) = try await Self.perform(plan, ScriptedCatalog([:])) { process, crossing in
        guard crossing.point == "after append finished" else { return .pass }
        let cause = Cause(code: .interrupted, message: "Ctrl-C")
        process.control.ask(kind == .pause ? .pause(cause) : .cancel(cause))
        process.leave(kind)
        return .pass
      }
      #expect(try result.get().state == .succeeded)
    }
  }

  @Test("a request is seen though looking for it failed before")
  func pollSurvives() async throws {
    let simulation = try await Simulation(plan: Plans.plan([Plans.step("a")]))
    let clock = simulation.clock
    let catalog = ScriptedCatalog("a", isInterruptible: true) { step in
      step.performing = { _ in
        try await clock.sleep(for: .seconds(60))
        return .null
      }
    }
    let counter = Counter()
    let process = simulation.spawn(.start(confirmedBy: "me"), steps: catalog) { _, crossing in
      crossing.point == "look for requests" && counter.next() < 20
        ? .fail(RecoverError(.journal, "the disk hiccups")) : .pass
    }
    simulation.schedule([(.pause, .seconds(10))])
    try simulation.drive(until: process)
    #expect(try #require(process.result).get().state == .paused)
    #expect(clock.now < Duration.seconds(11).nanoseconds)
  }

  // MARK: - The journal

  @Test("a runner that finds the run changed since it looked goes on from there")
  func staleLook() async throws {
    let simulation = try await Simulation(plan: Plans.plan([Plans.step("a"), Plans.step("b")]))
    let counter = Counter()
    let catalog = ScriptedCatalog("a") { step in
      step.performing = { _ in
        counter.mark(counter.next())
        return .null
      }
    }
    // The second process has read the journal when the first one does everything.
    let late = simulation.spawn(.resume(by: "late"), steps: catalog) { _, crossing in
      crossing.point == "before lease" ? .freeze : .pass
    }
    try simulation.drive(until: late)
    let first = simulation.spawn(.start(confirmedBy: "me"), steps: catalog)
    try simulation.drive(until: first)
    #expect(try #require(first.result).get().state == .succeeded)
    late.thaw()
    try simulation.drive(until: late)
    guard case .failure(let error) = try #require(late.result) else { throw SimulationFailure("it went on") }
    #expect((error as? RecoverError)?.code == .usage)
    #expect(counter.marked == 1)
    #expect(simulation.store.lease(of: "custom:test").map { $0.owner == nil } == true)
    _ = try await Self.events(simulation)
  }

  @Test("once an append has failed nothing is appended or done any more, whatever a step makes of it")
  func failedCheckpoint() async throws {
    for isUndo in [false, true] {
      let simulation = try await Simulation(plan: Plans.plan([Plans.step("a"), Plans.step("b")]))
      let counter = Counter()
      let checkpoint: @Sendable (StepContext) async throws -> JSONValue = { context in
        // A careless driver swallows the failure, or makes another error of it.
        try? await context.reporter.checkpoint("row", 1)
        if isUndo { throw RecoverError(.stepFailed, "the undo failed") }
        return .null
      }
      var (first, second) = (ScriptedStep(), ScriptedStep())
      if isUndo { first.undoing = checkpoint } else { first.performing = checkpoint }
      second.performing = { _ in
        counter.mark(counter.next())
        throw RecoverError(.stepFailed, "broken")
      }
      let process = simulation.spawn(.start(confirmedBy: "me"), steps: ScriptedCatalog(["a": first, "b": second])) {
        _, crossing in
        crossing.point == "before append checkpoint.a" ? .fail(RecoverError(.journal, "the disk is broken")) : .pass
      }
      try simulation.drive(until: process)
      guard case .failure(let error) = try #require(process.result) else { throw SimulationFailure("it went on") }
      #expect((error as? RecoverError)?.code == .journal)
      #expect(counter.marked == (isUndo ? 1 : nil))
      #expect(try await Self.kinds(simulation).last == (isUndo ? "step-undo-intended" : "step-intended"))
    }
  }

  @Test("a run whose lease can't be given back ended as its journal says")
  func failedRelease() async throws {
    let (result, _) = try await Self.perform(Plans.plan([Plans.step("a")]), ScriptedCatalog([:])) { _, crossing in
      crossing.point == "before release" ? .fail(RecoverError(.journal, "the disk is broken")) : .pass
    }
    #expect(try result.get().state == .succeeded)
  }

  @Test("what is folded is what a replay reads, null and whole numbers included (I9)")
  func canonicalFold() async throws {
    let catalog = ScriptedCatalog("a") { step in
      step.observing = { _ in .null }
      step.performing = { _ in ["whole": .number(2), "null": .null] }
    }
    let (result, simulation) = try await Self.perform(Plans.plan([Plans.step("a")]), catalog)
    let machine = try result.get()
    #expect(try await History(of: simulation.run, in: simulation.store).machine == machine)
    #expect(machine.steps[0].evidence == ["whole": 2, "null": .null])
  }

  @Test("a snapshot larger than an intent may carry fails the step before it acts")
  func largeSnapshot() async throws {
    let catalog = ScriptedCatalog("a") { step in
      step.observing = { _ in .string(String(repeating: "x", count: 70_000)) }
    }
    let (result, simulation) = try await Self.perform(Plans.plan([Plans.step("a")]), catalog)
    #expect(try result.get().state == .failedClean)
    #expect(try await !Self.kinds(simulation).contains("step-intended"))
  }

  @Test("each record is told to the observer once, after it is durable, also over a crash and a resume (I11)")
  func observation() async throws {
    let plan = Plans.plan([Plans.step("a"), Plans.step("b"), Plans.step("c")])
    let simulation = try await Simulation(plan: plan)
    defer { simulation.bury() }
    let first = simulation.spawn(.start(confirmedBy: "me"), steps: ScriptedCatalog([:])) { process, crossing in
      if crossing.point == "before append step-intended.b" {
        process.control.ask(.pause(Cause(code: .interrupted, message: "Ctrl-C")))
      }
      return .pass
    }
    try simulation.drive(until: first)
    let second = simulation.spawn(.resume(by: "me"), steps: ScriptedCatalog([:])) { _, crossing in
      crossing.point == "before append step-intended.c" ? .fail(RecoverError(.journal, "the disk is broken")) : .pass
    }
    try simulation.drive(until: second)
    let third = simulation.spawn(.resume(by: "me"), steps: ScriptedCatalog([:]))
    try simulation.drive(until: third)
    #expect(try #require(third.result).get().state == .succeeded)
    // The plan was journaled before there was a runner.
    let told = [first, second, third].flatMap(\.observer.records)
    #expect(told.map(\.record) == (try await simulation.store.records(of: simulation.run)).dropFirst().map(\.self))
    #expect(told.last?.machine.state == .succeeded)
  }

  // MARK: - What the run does with a person

  @Test("a run that needs an operator is resumed with new attempts, or compensated, or abandoned")
  func operatorDecides() async throws {
    let plan = Plans.plan([Plans.step("a"), Plans.step("b", owing: "b is open")])
    func stuck() async throws -> Simulation {
      let catalog = ScriptedCatalog("b") { step in
        step.performing = { _ in throw RecoverError(.stepFailed, "broken") }
        step.undoing = { _ in throw RecoverError(.stepFailed, "stays") }
      }
      let (result, simulation) = try await Self.perform(plan, catalog)
      #expect(try result.get().state == .needsOperator(from: .compensating))
      #expect(try result.get().openObligations == ["b is open"])
      return simulation
    }
    for (entry, state) in [
      (Runner.Entry.resume(by: "me"), RunState.rolledBack), (.compensate(by: "me"), .rolledBack),
      (.abandon(by: "me"), .abandoned),
    ] {
      let simulation = try await stuck()
      let process = simulation.spawn(entry, steps: ScriptedCatalog([:]))
      try simulation.drive(until: process)
      #expect(try #require(process.result).get().state == state)
    }
  }

  @Test("what can't be done with a run is a usage error, and leaves no record")
  func impossibleEntries() async throws {
    let catalog = ScriptedCatalog("f") { step in step.performing = { _ in throw RecoverError(.stepFailed, "broken") } }
    let plan = Plans.plan([Plans.step("a"), Plans.step("p", .pivot), Plans.step("f", .forward)])
    let (result, simulation) = try await Self.perform(plan, catalog)
    #expect(try result.get().state == .needsOperator(from: .running))
    let count = try await Self.kinds(simulation).count
    for entry in [
      Runner.Entry.start(confirmedBy: "me"), .approve(by: "me"), .reject(by: "me"), .compensate(by: "me"),
      .cancel(by: "me"),
    ] {
      let process = simulation.spawn(entry, steps: catalog)
      try simulation.drive(until: process)
      guard case .failure(let error) = try #require(process.result) else { throw SimulationFailure("\(entry) worked") }
      #expect((error as? RecoverError)?.code == .usage, "\(entry)")
    }
    #expect(try await Self.kinds(simulation).count == count)
  }

  @Test("a fatal pivot whose probe proves that nothing happened goes back; one that may have happened does not")
  func pivots() async throws {
    for (probe, state) in [
      (ProbeResult.notDone, RunState.rolledBack), (.done(.null), .needsOperator(from: .running)),
      (.unknown("?"), .needsOperator(from: .running)), (.partial("half"), .needsOperator(from: .running)),
    ] {
      let counter = Counter()
      let catalog = ScriptedCatalog("p") { step in
        step.probing = { _ in counter.next() == 1 ? .notDone : probe }
        step.performing = { _ in throw RecoverError(.stepFailed, "broken") }
      }
      let (result, _) = try await Self.perform(Plans.plan([Plans.step("a"), Plans.step("p", .pivot)]), catalog)
      #expect(try result.get().state == state)
    }
    let counter = Counter()
    let unreachable = ScriptedCatalog("p") { step in
      step.probing = { _ in
        guard counter.next() == 1 else { throw RecoverError(.unreachable, "gone") }
        return .notDone
      }
      step.performing = { _ in throw RecoverError(.stepFailed, "broken") }
    }
    let (result, _) = try await Self.perform(Plans.plan([Plans.step("a"), Plans.step("p", .pivot)]), unreachable)
    #expect(try result.get().state == .needsOperator(from: .running))
  }
}
