package import RecoverBase

/// Where a run stands: ARCHITECTURE.md's table of run states.
///
/// *Interrupted* is not among them: it is an active state whose lease is dead, and never written.
package enum RunState: Sendable, Hashable {
  case planned
  case running
  /// Waits for an approval of the step, until the time.
  case waiting(step: String, until: WallTime)
  case paused
  case compensating
  case finalizing(Outcome)
  case needsOperator(from: Resumption)
  case succeeded
  case rolledBack
  case failedClean
  case abandoned

  /// How a run will end once nothing is owed any more.
  package enum Outcome: String, Sendable, Hashable, Codable {
    case ok
    case rolledBack = "rolled-back"
    case failed
  }

  /// What a run goes on with when an operator resumes it.
  package enum Resumption: Sendable, Hashable {
    case running
    case compensating
    case finalizing(Outcome)
  }
}

extension RunState {
  /// The state's name, for people and for `--json`.
  package var name: String {
    switch self {
    case .planned: "planned"
    case .running: "running"
    case .waiting: "waiting"
    case .paused: "paused"
    case .compensating: "compensating"
    case .finalizing(let outcome): "finalizing(\(outcome.rawValue))"
    case .needsOperator(.running): "needs-operator(running)"
    case .needsOperator(.compensating): "needs-operator(compensating)"
    case .needsOperator(.finalizing): "needs-operator(finalizing)"
    case .succeeded: "succeeded"
    case .rolledBack: "rolled-back"
    case .failedClean: "failed-clean"
    case .abandoned: "abandoned"
    }
  }

  /// Whether nothing can happen to the run any more.
  ///
  /// A run that is not terminal claims its target.
  package var isTerminal: Bool {
    switch self {
    case .succeeded, .rolledBack, .failedClean, .abandoned: true
    case .planned, .running, .waiting, .paused, .compensating, .finalizing, .needsOperator: false
    }
  }

  /// Whether a runner has work to do in this state.
  package var isActive: Bool {
    switch self {
    case .running, .waiting, .compensating, .finalizing: true
    case .planned, .paused, .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned: false
    }
  }
}
