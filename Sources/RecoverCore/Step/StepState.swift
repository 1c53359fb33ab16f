package import RecoverBase

/// Where a step of a run stands: the left column of ARCHITECTURE.md's table of step states.
///
/// `attempt` counts intents from 1. `unknown` and `undoUnknown` are never journaled as such: they are what
/// an intent becomes when the runner that wrote it is gone.
package enum StepState: Sendable, Hashable {
  case pending
  /// The guard said that the step does not apply.
  case skipped
  /// The effect was there before the run; not undone.
  case adopted
  /// An intent is durable; the effect may have begun.
  case intent(attempt: Int)
  /// An attempt failed; the next one is due at the time, after a probe.
  case backoff(attempt: Int, until: WallTime)
  /// An intent whose runner crashed, timed out, was cancelled or lost its lease.
  case unknown(attempt: Int)
  /// The postcondition held and the effect is durable.
  case done
  /// Given up. Undone all the same when it had an intent, since it may have acted.
  case failed
  case undoIntent(attempt: Int)
  /// An undo attempt failed; the next one is due at the time.
  case undoBackoff(attempt: Int, until: WallTime)
  /// An undo intent whose runner is gone.
  case undoUnknown(attempt: Int)
  case undone
  case undoFailed(attempt: Int)
}

extension StepState {
  /// The state's name without its numbers, for people and for `--json`.
  package var name: String {
    switch self {
    case .pending: "pending"
    case .skipped: "skipped"
    case .adopted: "adopted"
    case .intent: "intent"
    case .backoff: "backoff"
    case .unknown: "unknown"
    case .done: "done"
    case .failed: "failed"
    case .undoIntent: "undo-intent"
    case .undoBackoff: "undo-backoff"
    case .undoUnknown: "undo-unknown"
    case .undone: "undone"
    case .undoFailed: "undo-failed"
    }
  }

  /// Whether the run may go on to the next step.
  package var isSettled: Bool {
    switch self {
    case .skipped, .adopted, .done: true
    case .pending, .intent, .backoff, .unknown, .failed, .undoIntent, .undoBackoff, .undoUnknown, .undone,
      .undoFailed:
      false
    }
  }
}
