internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// Runs as single lines of text and as JSON: pure.
///
/// `RunView+History` shows a whole one.
enum RunView {
  /// The first line of a run: what it is, and how to go on when this process goes away.
  static func heading(run: RunID, plan: Plan, hash: Digest, place: CommandPlace) -> String {
    "run \(run): \(plan.procedure) on \(plan.target.name), plan \(hash.short);"
      + " if this terminal goes away: \(place.placed(NextCommand(run: run).resume))"
  }

  /// What a run came to, what is still owed, and the next command to copy, in one line.
  static func lastLine(run: RunID, machine: RunMachine, place: CommandPlace) -> String {
    let state = machine.state
    var parts = ["run \(run): \(headline(machine))"]
    parts += RunRemains(machine).words
    let debts = machine.openObligations
    if !debts.isEmpty, state != .succeeded { parts.append("owed: " + debts.joined(separator: ", ")) }
    if let next = NextCommand(run: run).text(machine) { parts.append("next: \(place.placed(next))") }
    return parts.joined(separator: "; ")
  }

  private static func headline(_ machine: RunMachine) -> String {
    switch machine.state {
    case .succeeded: "succeeded, \(verified(machine))"
    case .rolledBack: "\(ended(machine)), and rolled back\(RunRemains(machine).isClean ? " clean" : "")"
    case .failedClean: "\(ended(machine)) before any effect; nothing was changed"
    case .needsOperator:
      machine.trouble == nil
        ? "needs an operator\(at(machine.cause))"
        : "failed\(at(machine.firstCause)), and needs an operator\(at(machine.trouble))"
    case .paused: "paused\(at(machine.cause))"
    case .waiting(let step, let until): "waits for the approval of \(step) until \(until)"
    case .abandoned: "abandoned as it stands"
    case .planned, .running, .compensating, .finalizing: "interrupted while \(machine.state.name)"
    }
  }

  /// What was proved: whether services and releases work is for health checks alone to say.
  private static func verified(_ machine: RunMachine) -> String {
    let steps = zip(machine.plan.steps, machine.steps)
    let isUnasked = steps.contains { $0.uses == "health.check" && $1.state == .skipped }
    let isServing = steps.contains { $0.uses == "release.deploy" || $0.uses == "services.stop" && $1.state != .skipped }
    return isUnasked && isServing ? "every step verified, but no health check is named" : "everything verified"
  }

  private static func ended(_ machine: RunMachine) -> String {
    let isCancelled = machine.firstCause?.code == .cancelled && machine.firstCause?.step == nil
    return isCancelled ? "cancelled" : "failed\(at(machine.firstCause))"
  }

  private static func at(_ cause: Cause?) -> String { cause?.step.map { " at \($0)" } ?? "" }

  /// The debts of a run that only a person can go on with, each with what pays it by hand.
  static func debts(_ machine: RunMachine) -> [String] {
    switch machine.state {
    case .needsOperator, .abandoned: break
    case .planned, .running, .waiting, .paused, .compensating, .finalizing, .succeeded, .rolledBack, .failedClean:
      return []
    }
    return Debt.open(in: machine).flatMap { debt in
      debt.payments.isEmpty ? ["owed: \(debt.text)"] : debt.payments.map { "owed: \(debt.text); by hand: \($0)" }
    }
  }

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
  static func summary(
    run: RunID, machine: RunMachine, report: RunReport? = nil, place: CommandPlace
  ) throws -> String {
    var members: [String: JSONValue] = [
      "kind": "summary", "run": .string(run.text), "state": .string(machine.state.name),
      "exit": .integer(Int64(machine.exitStatus.rawValue)),
      "owed": .array(machine.openObligations.map { .string($0) }),
      "plan": .string(try machine.plan.hash().hex),
      "message": .string(lastLine(run: run, machine: machine, place: place)),
    ]
    members.merge(report?.members ?? [:]) { own, _ in own }
    if machine.state != .succeeded {
      if let cause = machine.firstCause { members["cause"] = try JSONValue(encoding: cause) }
      if let trouble = machine.trouble { members["trouble"] = try JSONValue(encoding: trouble) }
    }
    let payments = Debt.open(in: machine).flatMap(\.payments)
    if !payments.isEmpty, machine.state != .succeeded { members["pay"] = .array(payments.map { .string($0) }) }
    return try JSONLines.line(.object(members))
  }
}
