internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

/// The rows of design.md's tables that are decisions: what a probe, an act or a failure leads to.
@Suite("rows of the tables")
struct RunMachineRowTests {
  private static let cause = Cause(code: .stepFailed, message: "broken")
  private static let now = Plans.time(0)

  private static func step(_ id: String, _ event: StepEvent) -> RunEvent { .step(id: id, event: event) }

  private static func begun(_ id: String) -> [RunEvent] {
    [step(id, .guarded(skip: nil)), step(id, .intended(attempt: 1, snapshot: "before", isRepair: false))]
  }

  private static func done(_ id: String) -> [RunEvent] { begun(id) + [step(id, .succeeded(evidence: 1))] }

  private static func machine(_ steps: [PlannedStep], _ events: [RunEvent]) throws -> RunMachine {
    var machine = RunMachine(plan: Plans.plan(steps))
    for event in [.started(confirmedBy: "me")] + events { try machine.apply(event, at: now) }
    return machine
  }

  // MARK: Steps

  private static let probes: [ProbeResult] = [.done("proof"), .notDone, .partial("half"), .unknown("no idea")]

  @Test("a probe before the first intent adopts, begins, or leaves somebody else's work alone", arguments: probes)
  func firstProbe(result: ProbeResult) throws {
    let machine = try Self.machine([Plans.step("a")], [Self.step("a", .guarded(skip: nil))])
    let decision = machine.decide(probed: 0, result, now: Self.now, random: 0)
    switch result {
    case .done(let evidence): #expect(decision == .record(Self.step("a", .adopted(evidence: evidence))))
    case .notDone: #expect(decision == .intend(attempt: 1, isRepair: false, takesSnapshot: true))
    case .partial, .unknown:
      guard case .record(.step("a", .obstructed(let cause))) = decision else {
        throw SimulationFailure("\(result) led to \(decision)")
      }
      #expect(cause.code == .claimed)
    }
  }

  @Test("a step that only looks begins whatever a probe says", arguments: probes)
  func readonlyProbe(result: ProbeResult) throws {
    let machine = try Self.machine([Plans.step("a", .readonly)], [Self.step("a", .guarded(skip: nil))])
    let decision = machine.decide(probed: 0, result, now: Self.now, random: 0)
    #expect(decision == .intend(attempt: 1, isRepair: false, takesSnapshot: true))
  }

  @Test("a probe after a crash finds it done, begins anew, repairs, or asks again later", arguments: probes)
  func laterProbe(result: ProbeResult) throws {
    let machine = try Self.machine([Plans.step("a")], Self.begun("a") + [.resumed(by: "me", grant: false)])
    #expect(machine.next(now: Self.now) == .probe(step: 0))
    let decision = machine.decide(probed: 0, result, now: Self.now, random: 0)
    switch result {
    case .done(let evidence): #expect(decision == .record(Self.step("a", .succeeded(evidence: evidence))))
    case .notDone: #expect(decision == .intend(attempt: 2, isRepair: false, takesSnapshot: false))
    case .partial: #expect(decision == .intend(attempt: 2, isRepair: true, takesSnapshot: false))
    case .unknown(let reason):
      let cause = Cause(code: .needsOperator, message: reason, step: "a")
      #expect(decision == .record(Self.step("a", .probedUnknown(cause: cause, retryAt: Plans.time(1)))))
    }
  }

  @Test("a postcondition that holds ends the step; one that does not is a failure that is tried again")
  func verdicts() throws {
    let machine = try Self.machine([Plans.step("a", attempts: 2)], Self.begun("a"))
    #expect(
      machine.decide(performed: 0, .success(("proof", .holds)), now: Self.now, random: 0)
        == Self.step("a", .succeeded(evidence: "proof")))
    let fails = Cause(code: .checkFailed, message: "rows are missing")
    let event = machine.decide(performed: 0, .success(("proof", .fails(fails.message))), now: Self.now, random: 0)
    #expect(event == Self.step("a", .attemptFailed(cause: fails, retryAt: Plans.time(1))))
    var last = machine
    try last.apply(event, at: Self.now)
    try last.apply(Self.step("a", .intended(attempt: 2, snapshot: nil, isRepair: false)), at: Self.now)
    #expect(
      last.decide(performed: 0, .success(("proof", .fails(fails.message))), now: Self.now, random: 0)
        == Self.step("a", .failed(cause: fails)))
  }

  @Test("an attempt that was told to stop is unknown, not failed")
  func stopped() throws {
    let machine = try Self.machine([Plans.step("a")], Self.begun("a"))
    #expect(
      machine.decide(performed: 0, .failure(CancellationError()), now: Self.now, random: 0)
        == Self.step("a", .suspended))
  }

  @Test("a step that is given up takes the run back, or to a person when it comes after the pivot or at the end")
  func givenUp() throws {
    let plan = [Plans.step("a"), Plans.step("p", .pivot), Plans.step("f", .forward), Plans.step("z", .finalizer)]
    var cause = Self.cause
    func next(_ id: String, _ before: [RunEvent]) throws -> RunAction {
      cause.step = id
      let failed = Self.begun(id) + [Self.step(id, .failed(cause: Self.cause))]
      return try Self.machine(plan, before + failed).next(now: Self.now)
    }
    #expect(try next("a", []) == .record(.failing(cause: cause, pivotDisproved: false)))
    #expect(try next("p", Self.done("a")) == .record(.failing(cause: cause, pivotDisproved: false)))
    #expect(try next("f", Self.done("a") + Self.done("p")) == .record(.stuck(cause: cause)))
    let ended = ["a", "p", "f"].flatMap(Self.done) + [.completed]
    #expect(try next("z", ended) == .record(.stuck(cause: cause)))
  }

  // MARK: Runs

  private static let ask = Plans.step(
    "ask", .readonly, approval: ApprovalTerms(message: "go on?", within: .seconds(60)))
  private static let asked: [RunEvent] = [
    step("ask", .guarded(skip: nil)), .approvalRequested(step: "ask", until: Plans.time(60)),
  ]

  @Test("a run that waits goes back as one that runs does: by what it had done, and by its pivot")
  func waiting() throws {
    let failed = RunEvent.failing(cause: Self.cause, pivotDisproved: false)
    let disproved = RunEvent.failing(cause: Self.cause, pivotDisproved: true)
    let steps = [Plans.step("a"), Plans.step("p", .pivot), Self.ask]
    let cases: [(events: [RunEvent], failing: RunEvent, state: RunState)] = [
      ([Self.step("a", .guarded(skip: "no")), Self.step("p", .guarded(skip: "no"))], failed, .finalizing(.failed)),
      (Self.done("a") + [Self.step("p", .guarded(skip: "no"))], failed, .compensating),
      (Self.done("a") + Self.done("p"), failed, .needsOperator(from: .running)),
      (Self.done("a") + Self.done("p"), disproved, .compensating),
    ]
    for (events, failing, state) in cases {
      var machine = try Self.machine(steps, events + Self.asked)
      #expect(machine.state == .waiting(step: "ask", until: Plans.time(60)))
      try machine.apply(failing, at: Self.now)
      #expect(machine.state == state)
    }
  }

  @Test("a run ends only when no debt is open and every finalizer is done")
  func debts() throws {
    let steps = [Plans.step("a", owing: "a is open"), Plans.step("z", .finalizer)]
    var machine = try Self.machine(steps, Self.done("a") + [.completed])
    #expect(throws: RecoverError.self) { try machine.apply(.finished, at: Self.now) }
    for event in Self.done("z") { try machine.apply(event, at: Self.now) }
    #expect(throws: RecoverError.self, "a debt is open") { try machine.apply(.finished, at: Self.now) }
    guard case .record(.stuck(let cause)) = machine.next(now: Self.now) else {
      throw SimulationFailure("\(machine.next(now: Self.now))")
    }
    #expect(cause.code == .needsOperator)
    #expect(cause.message.contains("a is open"))
    try machine.apply(.stuck(cause: cause), at: Self.now)
    #expect(machine.state == .needsOperator(from: .finalizing(.ok)))
  }
}
