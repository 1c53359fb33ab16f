package import RecoverBase

/// What happened to a step, as the journal keeps it.
package enum StepEvent: Sendable, Hashable, Codable {
  /// The guard was evaluated; a reason means that the step is skipped.
  case guarded(skip: String?)
  /// The effect was found in place before any intent.
  case adopted(evidence: JSONValue)
  /// Half of the effect, or nobody knows, was found before any intent: somebody else's work.
  case obstructed(cause: Cause)
  /// An attempt begins. The first intent's snapshot is what undo restores.
  case intended(attempt: Int, snapshot: JSONValue?, isRepair: Bool)
  /// The effect is there, durable, and its postcondition holds.
  case succeeded(evidence: JSONValue)
  /// The attempt failed and another one is due at the time.
  case attemptFailed(cause: Cause, retryAt: WallTime)
  /// The probe could not tell; the next one is due at the time.
  case probedUnknown(cause: Cause, retryAt: WallTime)
  /// The attempt was stopped by a pause or a cancel before it ended.
  case suspended
  /// Given up.
  case failed(cause: Cause)
  case undoIntended(attempt: Int)
  case undone(evidence: JSONValue)
  case undoAttemptFailed(cause: Cause, retryAt: WallTime)
  case undoFailed(cause: Cause)
}

extension StepEvent {
  /// Whether it begins something, rather than saying what came of it.
  var goesOn: Bool {
    switch self {
    case .guarded, .intended: true
    case .adopted, .obstructed, .succeeded, .attemptFailed, .probedUnknown, .suspended, .failed, .undoIntended,
      .undone, .undoAttemptFailed, .undoFailed:
      false
    }
  }

  /// Whether it happens on the way back.
  package var isUndo: Bool {
    switch self {
    case .undoIntended, .undone, .undoAttemptFailed, .undoFailed: true
    case .guarded, .adopted, .obstructed, .intended, .succeeded, .attemptFailed, .probedUnknown, .suspended, .failed:
      false
    }
  }

  /// The event's name in the journal: `kind` of the record.
  package var kind: String {
    switch self {
    case .guarded: "step-guarded"
    case .adopted: "step-adopted"
    case .obstructed: "step-obstructed"
    case .intended: "step-intended"
    case .succeeded: "step-succeeded"
    case .attemptFailed: "step-attempt-failed"
    case .probedUnknown: "step-probed-unknown"
    case .suspended: "step-suspended"
    case .failed: "step-failed"
    case .undoIntended: "step-undo-intended"
    case .undone: "step-undone"
    case .undoAttemptFailed: "step-undo-attempt-failed"
    case .undoFailed: "step-undo-failed"
    }
  }
}
