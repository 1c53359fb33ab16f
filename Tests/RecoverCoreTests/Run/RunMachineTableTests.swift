internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

/// Every pair of state and event of design.md's table of run states: the allowed ones lead where it says, all
/// others throw.
@Suite("run machine")
struct RunMachineTableTests {
  static let cause = Cause(code: .stepFailed, message: "broken", step: "act")
  static let until = Plans.time(60)
  /// What approves, acts, cannot be undone, comes after, and always runs.
  static let plan = Plans.plan([
    Plans.step("ask", .readonly, approval: ApprovalTerms(message: "go on?", within: .seconds(60))),
    Plans.step("act"), Plans.step("pivot", .pivot), Plans.step("tidy", .finalizer),
  ])

  static func done(_ step: String) -> [RunEvent] {
    [
      .step(id: step, event: .guarded(skip: nil)),
      .step(id: step, event: .intended(attempt: 1, snapshot: nil, isRepair: false)),
      .step(id: step, event: .succeeded(evidence: .null)),
    ]
  }

  static let started: [RunEvent] = [.started(confirmedBy: "me")]
  static let acted = started + done("ask") + done("act")
  static let compensating = acted + [.failing(cause: cause, pivotDisproved: false)]
  static let undone: [RunEvent] = [
    .step(id: "act", event: .undoIntended(attempt: 1)), .step(id: "act", event: .undone(evidence: .null)),
  ]
  static let pivoted = acted + done("pivot")

  /// A way to every state, and to what the guards of the table tell apart.
  static let paths: [String: [RunEvent]] = [
    "planned": [],
    "running": started,
    "running, acted": acted,
    "running, pivot done": pivoted,
    "waiting": started + [
      .step(id: "ask", event: .guarded(skip: nil)), .approvalRequested(step: "ask", until: until),
    ],
    "paused": started + [.paused(cause: cause)],
    "paused, acted": acted + [.paused(cause: cause)],
    "paused, pivot done": pivoted + [.paused(cause: cause)],
    "compensating": compensating,
    "compensating, undone": compensating + undone,
    "finalizing(ok)": pivoted + [.completed],
    "finalizing(ok), tidied": pivoted + [.completed] + done("tidy"),
    "finalizing(rolled-back)": compensating + undone + [.compensated],
    "finalizing(rolled-back), tidied": compensating + undone + [.compensated] + done("tidy"),
    "finalizing(failed)": started + [.failing(cause: cause, pivotDisproved: false)],
    "finalizing(failed), tidied": started + [.failing(cause: cause, pivotDisproved: false)] + done("tidy"),
    "needs-operator(running)": acted + [.stuck(cause: cause)],
    "needs-operator(running), pivot done": pivoted + [.stuck(cause: cause)],
    "needs-operator(compensating)": compensating + [.stuck(cause: cause)],
    "needs-operator(finalizing)": pivoted + [.completed, .stuck(cause: cause)],
    "needs-operator(finalizing), rolled back": compensating + undone + [.compensated, .stuck(cause: cause)],
    "needs-operator(finalizing), failed": started + [
      .failing(cause: cause, pivotDisproved: false), .stuck(cause: cause),
    ],
    "succeeded": pivoted + [.completed] + done("tidy") + [.finished],
    "rolled-back": compensating + undone + [.compensated] + done("tidy") + [.finished],
    "failed-clean": [.refused(cause: cause)],
    "abandoned": acted + [.paused(cause: cause), .abandoned(by: "me")],
  ]

  /// Every kind of event, and those that a guard tells apart.
  static let events: [String: RunEvent] = [
    "planned": .planned(plan: plan, hash: Digest(of: [])),
    "started": .started(confirmedBy: "me"),
    "resumed": .resumed(by: "me", grant: false),
    "resumed(grant)": .resumed(by: "me", grant: true),
    "step event": .step(id: "act", event: .guarded(skip: nil)),
    "step event of a finalizer": .step(id: "tidy", event: .guarded(skip: nil)),
    "undo event": .step(id: "act", event: .undoIntended(attempt: 1)),
    "step event of nobody": .step(id: "nobody", event: .guarded(skip: nil)),
    "checkpoint": .checkpoint(step: "act", name: "row", value: 1),
    "childStarted": .childStarted(step: "act", child: 1),
    "approvalRequested": .approvalRequested(step: "ask", until: until),
    "approved": .approved(step: "ask", by: "me"),
    "approved(other step)": .approved(step: "act", by: "me"),
    "paused": .paused(cause: cause),
    "failing": .failing(cause: cause, pivotDisproved: false),
    "failing(disproved)": .failing(cause: cause, pivotDisproved: true),
    "completed": .completed,
    "compensated": .compensated,
    "finished": .finished,
    "stuck": .stuck(cause: cause),
    "compensateRequested": .compensateRequested(by: "me"),
    "abandoned": .abandoned(by: "me"),
    "requestIgnored": .requestIgnored(kind: "pause"),
    "refused": .refused(cause: cause),
  ]

  /// What every state that a runner works in takes.
  private static func active(_ state: RunState) -> [String: RunState] {
    ["resumed": state, "resumed(grant)": state, "checkpoint": state, "childStarted": state, "requestIgnored": state]
  }

  private static func running(failing: RunState, disproved: RunState) -> [String: RunState] {
    active(.running).merging([
      "approvalRequested": .waiting(step: "ask", until: until), "paused": .paused, "failing": failing,
      "failing(disproved)": disproved, "stuck": .needsOperator(from: .running),
    ]) { $1 }
  }

  private static func finalizing(_ outcome: RunState.Outcome) -> [String: RunState] {
    active(.finalizing(outcome)).merging([
      "stuck": .needsOperator(from: .finalizing(outcome)), "step event of a finalizer": .finalizing(outcome),
    ]) { $1 }
  }

  /// The table: from a state, by an event, to a state.
  ///
  /// What is not here throws.
  static let table: [String: [String: RunState]] = {
    let failed = RunState.finalizing(.failed)
    let stuck = RunState.needsOperator(from: .running)
    func tidied(_ outcome: RunState.Outcome, _ end: RunState) -> [String: RunState] {
      var row = finalizing(outcome)
      row["finished"] = end
      row["step event of a finalizer"] = nil
      return row
    }
    func stuckFinalizing(_ outcome: RunState.Outcome) -> [String: RunState] {
      ["resumed(grant)": .finalizing(outcome), "abandoned": .abandoned]
    }
    return [
      "planned": ["started": .running, "refused": .failedClean],
      "running": running(failing: failed, disproved: failed).merging(["step event": .running]) { $1 },
      "running, acted": running(failing: .compensating, disproved: .compensating),
      "running, pivot done": running(failing: stuck, disproved: .compensating).merging([
        "completed": .finalizing(.ok)
      ]) { $1 },
      "waiting": active(.waiting(step: "ask", until: until)).merging([
        "approved": .running, "failing": failed, "failing(disproved)": failed,
      ]) { $1 },
      "paused": [
        "resumed": .running, "resumed(grant)": .running, "failing": failed, "failing(disproved)": failed,
        "abandoned": .abandoned,
      ],
      "paused, acted": [
        "resumed": .running, "resumed(grant)": .running, "failing": .compensating,
        "failing(disproved)": .compensating, "abandoned": .abandoned,
      ],
      "paused, pivot done": [
        "resumed": .running, "resumed(grant)": .running, "failing": stuck, "failing(disproved)": .compensating,
        "abandoned": .abandoned,
      ],
      "compensating": active(.compensating).merging([
        "undo event": .compensating, "stuck": .needsOperator(from: .compensating),
      ]) { $1 },
      "compensating, undone": active(.compensating).merging([
        "compensated": .finalizing(.rolledBack), "stuck": .needsOperator(from: .compensating),
      ]) { $1 },
      "finalizing(ok)": finalizing(.ok),
      "finalizing(ok), tidied": tidied(.ok, .succeeded),
      "finalizing(rolled-back)": finalizing(.rolledBack),
      "finalizing(rolled-back), tidied": tidied(.rolledBack, .rolledBack),
      "finalizing(failed)": finalizing(.failed),
      "finalizing(failed), tidied": tidied(.failed, .failedClean),
      "needs-operator(running)": [
        "resumed(grant)": .running, "compensateRequested": .compensating, "abandoned": .abandoned,
      ],
      "needs-operator(running), pivot done": ["resumed(grant)": .running, "abandoned": .abandoned],
      "needs-operator(compensating)": [
        "resumed(grant)": .compensating, "compensateRequested": .compensating, "abandoned": .abandoned,
      ],
      "needs-operator(finalizing)": stuckFinalizing(.ok),
      "needs-operator(finalizing), rolled back": stuckFinalizing(.rolledBack),
      "needs-operator(finalizing), failed": stuckFinalizing(.failed),
      "succeeded": [:],
      "rolled-back": [:],
      "failed-clean": [:],
      "abandoned": [:],
    ]
  }()

  static func machine(in state: String) throws -> RunMachine {
    var machine = RunMachine(plan: plan)
    for event in try #require(paths[state]) { try machine.apply(event, at: Plans.time(1)) }
    return machine
  }

  @Test("a pair of state and event leads where the table says, or throws", arguments: table.keys.sorted())
  func pairs(from: String) throws {
    let row = try #require(Self.table[from])
    for (name, event) in Self.events {
      var machine = try Self.machine(in: from)
      if let to = row[name] {
        #expect(throws: Never.self, "\(from) + \(name)") { try machine.apply(event, at: Plans.time(2)) }
        #expect(machine.state == to, "\(from) + \(name)")
      } else {
        #expect(throws: RecoverError.self, "\(from) + \(name) led to \(machine.state.name)") {
          try machine.apply(event, at: Plans.time(2))
        }
      }
    }
  }

  @Test("the names of the paths are those of the states that they lead to", arguments: paths.keys.sorted())
  func names(path: String) throws {
    #expect(try Self.machine(in: path).state.name == path.split(separator: ",").first.map(String.init))
  }

  @Test("only an active state takes a runner's work, and only a terminal one frees the target")
  func classes() throws {
    for path in Self.paths.keys {
      let state = try Self.machine(in: path).state
      let name = state.name
      #expect(state.isTerminal == ["succeeded", "rolled-back", "failed-clean", "abandoned"].contains(name))
      #expect(state.isActive == ["running", "waiting", "compensating"].contains(name) || name.hasPrefix("finalizing"))
      if !state.isActive { #expect(try Self.machine(in: path).next(now: Plans.time(2)) == .stop) }
    }
  }
}
