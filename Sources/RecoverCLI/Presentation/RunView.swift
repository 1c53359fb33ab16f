internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// Runs as single lines of text and as JSON: pure.
///
/// `RunView+History` shows a whole one.
enum RunView {
  /// The first line of a run: what it is, and how to go on when this process goes away.
  static func heading(run: RunID, plan: Plan, hash: Digest, place: String) -> String {
    "run \(run): \(plan.procedure) on \(plan.target.name), plan \(hash.short);"
      + " if this terminal goes away: \(NextCommand(run: run, place: place).resume)"
  }

  /// What a run came to, what is still owed, and the next command to copy, in one line.
  static func lastLine(run: RunID, machine: RunMachine, place: String) -> String {
    let state = machine.state
    var parts = ["run \(run): \(headline(machine))"]
    let debts = machine.openObligations
    if !debts.isEmpty, state != .succeeded { parts.append("owed: " + debts.joined(separator: ", ")) }
    if let next = NextCommand(run: run, place: place).text(machine) { parts.append("next: \(next)") }
    return parts.joined(separator: "; ")
  }

  private static func headline(_ machine: RunMachine) -> String {
    switch machine.state {
    case .succeeded: "succeeded, everything verified"
    case .rolledBack: "failed\(at(machine)), and rolled back clean"
    case .failedClean: "failed\(at(machine)) before any effect; nothing was changed"
    case .needsOperator: "needs an operator\(at(machine))"
    case .paused: "paused\(at(machine))"
    case .waiting(let step, let until): "waits for the approval of \(step) until \(until)"
    case .abandoned: "abandoned as it stands"
    case .planned, .running, .compensating, .finalizing: "interrupted while \(machine.state.name)"
    }
  }

  private static func at(_ machine: RunMachine) -> String { machine.cause?.step.map { " at \($0)" } ?? "" }

  /// The exit status of an error that stopped a run's runner: a run that has begun to act is not clean.
  static func status(of code: RecoverError.Code, machine: RunMachine?) -> ExitStatus {
    let status = code.exitStatus
    guard status == .failedClean, let machine, !machine.state.isTerminal, !machine.intentOrder.isEmpty else {
      return status
    }
    return .needsOperator
  }

  /// A line of `recover runs --json`.
  static func row(_ run: RunSummary, state: String) -> [String: JSONValue] {
    [
      "kind": "run", "run": .string(run.run.text), "procedure": .string(run.procedure),
      "target": .string(run.target.name), "state": .string(state), "terminal": .bool(run.isTerminal),
      "plan": .string(run.planHash.hex), "created": .string(run.createdAt.description),
      "updated": .string(run.updatedAt.description),
    ]
  }

  /// The last line of `--json`.
  static func summary(run: RunID, machine: RunMachine, place: String) throws -> String {
    var members: [String: JSONValue] = [
      "kind": "summary", "run": .string(run.text), "state": .string(machine.state.name),
      "exit": .integer(Int64(machine.exitStatus.rawValue)),
      "owed": .array(machine.openObligations.map { .string($0) }),
      "plan": .string(try machine.plan.hash().hex),
      "message": .string(lastLine(run: run, machine: machine, place: place)),
    ]
    if let cause = machine.cause { members["cause"] = try JSONValue(encoding: cause) }
    return try JSONLines.line(.object(members))
  }
}
