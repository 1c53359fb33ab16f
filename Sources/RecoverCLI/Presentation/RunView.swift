internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// Runs as text and as JSON: pure.
enum RunView {
  /// What a run came to, what is still owed, and the next command to copy, in one line.
  static func lastLine(run: RunID, machine: RunMachine) -> String {
    let state = machine.state
    var parts = ["run \(run): \(headline(machine))"]
    let debts = machine.openObligations
    if !debts.isEmpty, state != .succeeded { parts.append("owed: " + debts.joined(separator: ", ")) }
    if let next = nextCommand(run: run, machine: machine) { parts.append("next: \(next)") }
    return parts.joined(separator: "; ")
  }

  private static func headline(_ machine: RunMachine) -> String {
    switch machine.state {
    case .succeeded: "succeeded, everything verified"
    case .rolledBack: "failed\(place(machine)), and rolled back clean"
    case .failedClean: "failed\(place(machine)) before any effect; nothing was changed"
    case .needsOperator: "needs an operator\(place(machine))"
    case .paused: "paused"
    case .waiting(let step, let until): "waits for the approval of \(step) until \(until)"
    case .abandoned: "abandoned as it stands"
    case .planned, .running, .compensating, .finalizing: "interrupted while \(machine.state.name)"
    }
  }

  private static func place(_ machine: RunMachine) -> String { machine.cause?.step.map { " at \($0)" } ?? "" }

  private static func nextCommand(run: RunID, machine: RunMachine) -> String? {
    switch machine.state {
    case .succeeded: machine.plan.procedure == "db" ? "recover undo \(run) (swaps back, within the retention)" : nil
    case .rolledBack, .failedClean: "recover show \(run)"
    case .abandoned: "recover cleanup"
    case .paused, .planned, .running, .compensating, .finalizing: "recover resume \(run)"
    case .waiting: "recover approve \(run)"
    case .needsOperator: "recover show \(run), then recover resume \(run) or recover compensate \(run)"
    }
  }

  /// The run, its steps, its debts and its timeline.
  static func text(_ history: History, isInterrupted: Bool, isVerbose: Bool) throws -> String {
    let machine = history.machine
    var lines = [
      "run        \(history.run)",
      "procedure  \(machine.plan.procedure) on \(machine.plan.target.kind.rawValue) \(machine.plan.target.name)"
        + " (\(machine.plan.environment.rawValue))",
      "plan       \(try machine.plan.hash().hex)",
      "state      \(isInterrupted ? "interrupted (\(machine.state.name))" : machine.state.name)",
    ]
    if let cause = machine.cause {
      lines.append("cause      \(cause.step.map { "\($0): " } ?? "")\(cause.message)")
      if let hint = cause.hint { lines.append("hint       \(hint)") }
    }
    for debt in machine.openObligations where machine.state != .succeeded { lines.append("owed       \(debt)") }
    lines.append("")
    var steps = TextTable(headings: ["STEP", "KIND", "STATE", "ATTEMPTS"])
    for (planned, step) in zip(machine.plan.steps, machine.steps) {
      steps.add([planned.id, planned.kind.rawValue, step.state.name, step.intentCount == 0 ? "" : "\(step.intentCount)"])
    }
    lines += [steps.text, "", "TIMELINE"]
    lines += zip(history.records, history.events).map { record, event in
      timelineLine(record, event, since: history.records[0], isVerbose: isVerbose)
    }
    lines += ["", lastLine(run: history.run, machine: machine)]
    return lines.joined(separator: "\n")
  }

  private static func timelineLine(
    _ record: JournalRecord, _ event: RunEvent, since first: JournalRecord, isVerbose: Bool
  ) -> String {
    let elapsed = (record.wallTime - first.wallTime).seconds
    let offset = "+\(Int(elapsed)).\(String(Int(elapsed * 1000) % 1000 + 1000).dropFirst())s"
    let head = "\(record.wallTime) \(offset) epoch \(record.epoch) \(EventText.describe(event))"
    guard isVerbose, let detail = EventText.detail(event) else { return head }
    return head + "\n    " + detail
  }

  /// A row of `recover runs --json`.
  static func json(_ run: RunSummary, state: String) throws -> String {
    try line([
      "kind": "run", "run": .string(run.run.text), "procedure": .string(run.procedure),
      "target": .string(run.target.name), "state": .string(state), "terminal": .bool(run.isTerminal),
      "plan": .string(run.planHash.hex), "created": .string(run.createdAt.description),
      "updated": .string(run.updatedAt.description),
    ])
  }

  /// `recover show --json`: each record as it was stored, then the summary.
  static func jsonLines(_ history: History) throws -> [String] {
    try zip(history.records, history.events).map { try EventText.json($0, $1) }
      + [try summary(run: history.run, machine: history.machine)]
  }

  /// The last line of `--json`.
  static func summary(run: RunID, machine: RunMachine) throws -> String {
    var members: [String: JSONValue] = [
      "kind": "summary", "run": .string(run.text), "state": .string(machine.state.name),
      "exit": .integer(Int64(machine.exitStatus.rawValue)),
      "owed": .array(machine.openObligations.map { .string($0) }),
      "plan": .string(try machine.plan.hash().hex),
      "message": .string(lastLine(run: run, machine: machine)),
    ]
    if let cause = machine.cause { members["cause"] = try JSONValue(encoding: cause) }
    return try line(.object(members))
  }

  private static func line(_ value: JSONValue) throws -> String {
    String(decoding: try value.canonicalBytes(), as: UTF8.self)
  }
}
