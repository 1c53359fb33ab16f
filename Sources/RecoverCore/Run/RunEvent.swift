package import RecoverBase

/// What happened to a run: the payload of one journal record.
///
/// The JSON form is the synthesized one, one key named like the case; cases and fields are only ever added.
package enum RunEvent: Sendable, Hashable, Codable {
  /// The plan as it was frozen; always the first record.
  case planned(plan: Plan, hash: Digest)
  /// The plan was confirmed and the first runner begins.
  case started(confirmedBy: String)
  /// A new runner, with a new epoch, goes on; a grant gives every step new attempts.
  case resumed(by: String, grant: Bool)
  case step(id: String, event: StepEvent)
  /// Work inside a step that a crash can't take back.
  case checkpoint(step: String, name: String, value: JSONValue)
  /// A child process waits at its start gate.
  case childStarted(step: String, child: JSONValue)
  case approvalRequested(step: String, until: WallTime)
  case approved(step: String, by: String)
  /// The run stops until somebody resumes it.
  case paused(cause: Cause)
  /// The run can't reach its goal any more. The pivot counts as done unless the probe proved otherwise.
  case failing(cause: Cause, pivotDisproved: Bool)
  /// All steps are verified.
  case completed
  /// All effects are undone and verified.
  case compensated
  /// Nothing is owed any more.
  case finished
  /// Only a person can go on.
  case stuck(cause: Cause)
  /// A person asked to undo what was done.
  case compensateRequested(by: String)
  case abandoned(by: String)
  /// A request that the run's state gives no room for was seen.
  case requestIgnored(kind: String)
  /// The planned run never started.
  case refused(cause: Cause)
}

extension RunEvent {
  /// The event's name in the journal: `kind` of the record.
  package var kind: String {
    switch self {
    case .planned: "planned"
    case .started: "started"
    case .resumed: "resumed"
    case .step(_, let event): event.kind
    case .checkpoint: "checkpoint"
    case .childStarted: "child-started"
    case .approvalRequested: "approval-requested"
    case .approved: "approved"
    case .paused: "paused"
    case .failing: "failing"
    case .completed: "completed"
    case .compensated: "compensated"
    case .finished: "finished"
    case .stuck: "stuck"
    case .compensateRequested: "compensate-requested"
    case .abandoned: "abandoned"
    case .requestIgnored: "request-ignored"
    case .refused: "refused"
    }
  }

  /// Whether the event only serves to go on with a run that it leaves in the state: what was done is not lost when
  /// it can't be journaled, and the run can go back instead.
  package func goesOn(in state: RunState) -> Bool {
    switch state {
    case .planned, .running, .waiting: break
    case .paused, .compensating, .finalizing, .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned:
      return false
    }
    switch self {
    case .step(_, let event): return event.goesOn
    case .planned, .started, .checkpoint, .childStarted, .approvalRequested, .approved: return true
    case .resumed, .paused, .failing, .completed, .compensated, .finished, .stuck, .compensateRequested, .abandoned,
      .requestIgnored, .refused:
      return false
    }
  }

  /// The step that the event is about, if it is about one.
  package var step: String? {
    switch self {
    case .step(let id, _), .checkpoint(let id, _, _), .childStarted(let id, _), .approvalRequested(let id, _),
      .approved(let id, _):
      id
    case .failing(let cause, _), .paused(let cause), .stuck(let cause), .refused(let cause): cause.step
    case .planned, .started, .resumed, .completed, .compensated, .finished, .compensateRequested, .abandoned,
      .requestIgnored:
      nil
    }
  }
}
