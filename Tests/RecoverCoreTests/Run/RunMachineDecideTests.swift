internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

/// What the machine decides at the edges of the tables: budgets, deadlines, crashes, blocked undos.
@Suite("run machine decisions")
struct RunMachineDecideTests {
  private static func running(_ steps: [PlannedStep], _ events: [RunEvent]) throws -> RunMachine {
    var machine = RunMachine(plan: Plans.plan(steps))
    for event in [.started(confirmedBy: "me")] + events { try machine.apply(event, at: Plans.time(0)) }
    return machine
  }

  private static func intended(_ id: String, _ attempt: Int = 1) -> RunEvent {
    .step(id: id, event: .intended(attempt: attempt, snapshot: nil, isRepair: false))
  }

  private static func begun(_ id: String) -> [RunEvent] { [.step(id: id, event: .guarded(skip: nil)), intended(id)] }

  private static func done(_ id: String) -> [RunEvent] { begun(id) + [.step(id: id, event: .succeeded(evidence: 1))] }

  private static let busy = Cause(code: .busy, message: "busy")

  @Test("a transient failure is tried again until the attempts are used up; any other is not")
  func attempts() throws {
    var machine = try Self.running([Plans.step("a")], Self.begun("a"))
    for attempt in 1...2 {
      let event = machine.decide(failed: 0, Self.busy, now: Plans.time(0), random: 0)
      let delay: Int64 = attempt == 1 ? 1 : 2
      #expect(event == .step(id: "a", event: .attemptFailed(cause: Self.busy, retryAt: Plans.time(delay))))
      try machine.apply(event, at: Plans.time(0))
      try machine.apply(Self.intended("a", attempt + 1), at: Plans.time(delay))
    }
    #expect(
      machine.decide(failed: 0, Self.busy, now: Plans.time(3), random: 0)
        == .step(id: "a", event: .failed(cause: Self.busy)))
    let fatal = Cause(code: .stepFailed, message: "broken")
    let fresh = try Self.running([Plans.step("a")], Self.begun("a"))
    #expect(
      fresh.decide(failed: 0, fatal, now: Plans.time(0), random: 0) == .step(id: "a", event: .failed(cause: fatal)))
  }

  @Test("a probe that can't ask, after an attempt, does not know: it asks again")
  func failedProbe() throws {
    let machine = try Self.running([Plans.step("a")], Self.begun("a") + [.resumed(by: "me", grant: false)])
    var cause = Self.busy
    cause.step = "a"
    let event = machine.decide(failed: 0, Self.busy, now: Plans.time(0), random: 0)
    #expect(event == .step(id: "a", event: .probedUnknown(cause: cause, retryAt: Plans.time(1))))
    var next = machine
    try next.apply(event, at: Plans.time(0))
    #expect(next.steps[0].failureCount == 0)
    #expect(next.next(now: Plans.time(0)) == .wait(until: Plans.time(1)))
    #expect(next.next(now: Plans.time(1)) == .probe(step: 0))
  }

  @Test("a step that nobody can tell about is probed until its deadline, with one or without", arguments: [60, nil])
  func unknown(deadlineSeconds: Int?) throws {
    var machine = try Self.running(
      [Plans.step("a", deadline: deadlineSeconds.map { .seconds($0) })],
      Self.begun("a") + [.resumed(by: "me", grant: false)])
    var now = Plans.time(0)
    for _ in 0..<1000 {
      guard case .record(let event) = machine.decide(probed: 0, .unknown("?"), now: now, random: 0) else {
        Issue.record("an unknown effect was intended again")
        return
      }
      try machine.apply(event, at: now)
      guard case .needsOperator(.running) = machine.state else {
        guard case .wait(let until) = machine.next(now: now) else { continue }
        now = until
        continue
      }
      #expect(now - Plans.time(0) >= .seconds(deadlineSeconds ?? 600))
      return
    }
    Issue.record("the step is probed for ever")
  }

  @Test("after a grant, the deadline of an unknown step counts from the grant, and ends")
  func grantedDeadline() throws {
    var machine = try Self.running(
      [Plans.step("a", deadline: .seconds(10))],
      Self.begun("a") + [.resumed(by: "me", grant: false), .stuck(cause: Self.busy)])
    try machine.apply(.resumed(by: "me", grant: true), at: Plans.time(1000))
    let early = machine.decide(probed: 0, .unknown("?"), now: Plans.time(1009), random: 0)
    guard case .record(.step(_, .probedUnknown)) = early else { throw SimulationFailure("\(early)") }
    let late = machine.decide(probed: 0, .unknown("?"), now: Plans.time(1011), random: 0)
    guard case .record(.stuck) = late else { throw SimulationFailure("\(late)") }
  }

  @Test("a step that used up its attempts pauses the run, also when a crash came before the pause (I10)")
  func exhaustedPause() throws {
    var machine = try Self.running([Plans.step("a", attempts: 1, onExhausted: .pause)], Self.begun("a"))
    let event = machine.decide(failed: 0, Self.busy, now: Plans.time(0), random: 0)
    try machine.apply(event, at: Plans.time(0))
    #expect(machine.next(now: Plans.time(0)) == .record(.paused(cause: Self.busy)))
    try machine.apply(.resumed(by: "me", grant: false), at: Plans.time(5))
    #expect(machine.next(now: Plans.time(5)) == .record(.paused(cause: Self.busy)))
  }

  @Test("an attempt has no more time than its step's deadline leaves")
  func timeLimit() throws {
    let machine = try Self.running(
      [Plans.step("a", timeout: .seconds(30), deadline: .seconds(100))], Self.begun("a"))
    #expect(machine.timeLimit(of: 0, now: Plans.time(0)) == .seconds(30))
    #expect(machine.timeLimit(of: 0, now: Plans.time(90)) == .seconds(10))
    #expect(machine.timeLimit(of: 0, now: Plans.time(200)) == .milliseconds(1))
    let free = try Self.running([Plans.step("a")], Self.begun("a"))
    #expect(free.timeLimit(of: 0, now: Plans.time(90)) == nil)
  }

  @Test("a step that only ever ends its runner is given up, forward and back (I13)")
  func crashLoops() throws {
    var machine = try Self.running([Plans.step("a")], Self.begun("a"))
    var crashes = 0
    while true {
      try machine.apply(.resumed(by: "me", grant: false), at: Plans.time(0))
      crashes += 1
      try #require(crashes < 200)
      let decision = machine.decide(probed: 0, .notDone, now: Plans.time(0), random: 0)
      guard case .intend(let attempt, _, _) = decision else {
        guard case .record(.step(_, .failed)) = decision else { throw SimulationFailure("\(decision)") }
        break
      }
      try machine.apply(Self.intended("a", attempt), at: Plans.time(0))
    }
    try machine.apply(.step(id: "a", event: .failed(cause: Self.busy)), at: Plans.time(0))
    try machine.apply(.failing(cause: Self.busy, pivotDisproved: false), at: Plans.time(0))
    try machine.apply(.step(id: "a", event: .undoIntended(attempt: 1)), at: Plans.time(0))
    crashes = 0
    while true {
      try machine.apply(.resumed(by: "me", grant: false), at: Plans.time(0))
      crashes += 1
      try #require(crashes < 200)
      let event = machine.decide(undoProbed: 0, .present, now: Plans.time(0), random: 0)
      try machine.apply(event, at: Plans.time(0))
      if case .step(_, .undoFailed) = event { return }
    }
  }

  @Test("a failed undo blocks what shares its resources, and what shares theirs, and nothing else")
  func blockedUndo() throws {
    var machine = try Self.running(
      [
        Plans.step("apart", holding: ["other"]), Plans.step("below", holding: ["service"]),
        Plans.step("between", holding: ["service", "database"]), Plans.step("top", holding: ["database"]),
      ], ["apart", "below", "between", "top"].flatMap(Self.done))
    try machine.apply(.failing(cause: Self.busy, pivotDisproved: false), at: Plans.time(0))
    try machine.apply(.step(id: "top", event: .undoIntended(attempt: 1)), at: Plans.time(0))
    try machine.apply(.step(id: "top", event: .undoFailed(cause: Self.busy)), at: Plans.time(0))
    #expect(machine.next(now: Plans.time(0)) == .record(.step(id: "apart", event: .undoIntended(attempt: 1))))
    try machine.apply(.step(id: "apart", event: .undoIntended(attempt: 1)), at: Plans.time(0))
    try machine.apply(.step(id: "apart", event: .undone(evidence: .null)), at: Plans.time(0))
    guard case .record(.stuck) = machine.next(now: Plans.time(0)) else {
      throw SimulationFailure("\(machine.next(now: Plans.time(0)))")
    }
  }

  @Test("a cancel between an intent and its act is undone like any intent")
  func cancelledIntent() throws {
    var machine = try Self.running([Plans.step("a")], Self.begun("a"))
    try machine.apply(.failing(cause: Self.busy, pivotDisproved: false), at: Plans.time(0))
    let next = machine.next(now: Plans.time(0))
    guard case .record(let event) = next else { throw SimulationFailure("\(next)") }
    #expect(event == .step(id: "a", event: .undoIntended(attempt: 1)))
    try machine.apply(event, at: Plans.time(0))
  }

  @Test("an undo that can't be probed while it waits is tried again, and not an error")
  func unknownUndo() throws {
    var machine = try Self.running([Plans.step("a")], Self.done("a"))
    let events: [RunEvent] = [
      .failing(cause: Self.busy, pivotDisproved: false), .step(id: "a", event: .undoIntended(attempt: 1)),
      .step(id: "a", event: .undoAttemptFailed(cause: Self.busy, retryAt: Plans.time(1))),
    ]
    for event in events { try machine.apply(event, at: Plans.time(0)) }
    #expect(machine.next(now: Plans.time(1)) == .probeUndo(step: 0))
    try machine.apply(
      machine.decide(undoProbed: 0, .unknown("?"), now: Plans.time(1), random: 0), at: Plans.time(1))
    #expect(machine.next(now: Plans.time(1)) == .wait(until: Plans.time(3)))
  }

  @Test("a clock that was set back does not make a step wait for years")
  func clockSetBack() throws {
    let machine = try Self.running(
      [Plans.step("a")],
      Self.begun("a") + [.step(id: "a", event: .attemptFailed(cause: Self.busy, retryAt: Plans.time(2)))])
    #expect(machine.next(now: Plans.time(-1_000_000)) == .probe(step: 0))
  }

  @Test("a pivot that was found in place stands like one that was done (I4)")
  func adoptedPivot() throws {
    var machine = try Self.running(
      [Plans.step("a"), Plans.step("p", .pivot)],
      Self.done("a") + [
        .step(id: "p", event: .guarded(skip: nil)), .step(id: "p", event: .adopted(evidence: 1)),
        .failing(cause: Self.busy, pivotDisproved: false),
      ])
    #expect(machine.state == .needsOperator(from: .running))
    #expect(throws: RecoverError.self) { try machine.apply(.compensateRequested(by: "me"), at: Plans.time(0)) }
  }

  @Test("a run that was rolled back names what failed, not what then got in the way of going back")
  func firstCause() throws {
    let fatal = Cause(code: .backupRefused, message: "the backup is cut off", step: "a")
    var machine = try Self.running([Plans.step("a"), Plans.step("f", .finalizer)], Self.done("a"))
    let events: [RunEvent] = [
      .failing(cause: fatal, pivotDisproved: false), .step(id: "a", event: .undoIntended(attempt: 1)),
      .step(id: "a", event: .undoFailed(cause: Self.busy)), .stuck(cause: Self.busy),
    ]
    for event in events { try machine.apply(event, at: Plans.time(0)) }
    #expect(machine.cause == Self.busy)
    try machine.apply(.compensateRequested(by: "me"), at: Plans.time(0))
    #expect(machine.cause == fatal)
    for event in [RunEvent.step(id: "a", event: .undone(evidence: .null)), .compensated, .stuck(cause: Self.busy)] {
      try machine.apply(event, at: Plans.time(0))
    }
    #expect(machine.cause == Self.busy)
    try machine.apply(.resumed(by: "me", grant: true), at: Plans.time(0))
    for event in Self.done("f") + [.finished] { try machine.apply(event, at: Plans.time(0)) }
    #expect(machine.state == .rolledBack && machine.cause == fatal)
  }

  @Test("a run that failed before any effect exits by that cause, whatever a finalizer did meanwhile (I14)")
  func cleanFailure() throws {
    let fatal = Cause(code: .backupRefused, message: "the backup is cut off", step: "a")
    var machine = try Self.running([Plans.step("a", .readonly), Plans.step("f", .finalizer)], [])
    let events: [RunEvent] =
      [.failing(cause: fatal, pivotDisproved: false), .stuck(cause: Self.busy), .resumed(by: "me", grant: true)]
      + Self.done("f") + [.finished]
    for event in events { try machine.apply(event, at: Plans.time(0)) }
    #expect(machine.state == .failedClean && machine.exitStatus == .refused)
  }

  @Test("what paused a run is no longer its cause once it goes on")
  func resumedCause() throws {
    let machine = try Self.running([Plans.step("a")], [.paused(cause: Self.busy), .resumed(by: "me", grant: true)])
    #expect(machine.cause == nil)
  }

  @Test("times at the ends of what a journal can hold stop nothing", arguments: [Int64.min, .max])
  func extremeTimes(microseconds: Int64) throws {
    let extreme = WallTime(microseconds: microseconds)
    var machine = RunMachine(plan: Plans.plan([Plans.step("a", timeout: .seconds(1), deadline: .seconds(100))]))
    for event in [.started(confirmedBy: "me")] + Self.begun("a") { try machine.apply(event, at: extreme) }
    for now in [Plans.time(0), WallTime(microseconds: .min), WallTime(microseconds: .max)] {
      _ = machine.timeLimit(of: 0, now: now)
      var next = machine
      try next.apply(machine.decide(failed: 0, Self.busy, now: now, random: 0.5), at: now)
      _ = next.next(now: extreme)
      _ = next.next(now: now)
    }
  }

  @Test("a debt is open from its step's intent until it is undone or paid")
  func obligations() throws {
    let steps = [Plans.step("stop", owing: "stopped", paidBy: ["start"]), Plans.step("start")]
    #expect(try Self.running(steps, [.step(id: "stop", event: .guarded(skip: nil))]).openObligations.isEmpty)
    #expect(try Self.running(steps, Self.begun("stop")).openObligations == ["stopped"])
    let failed = Self.begun("stop") + [.step(id: "stop", event: .failed(cause: Self.busy))]
    #expect(try Self.running(steps, failed).openObligations == ["stopped"])
    #expect(try Self.running(steps, Self.done("stop") + Self.begun("start")).openObligations == ["stopped"])
    #expect(try Self.running(steps, Self.done("stop") + Self.done("start")).openObligations.isEmpty)
    let skipped = Self.done("stop") + [.step(id: "start", event: .guarded(skip: "no"))]
    #expect(try Self.running(steps, skipped).openObligations == ["stopped"])
  }
}
