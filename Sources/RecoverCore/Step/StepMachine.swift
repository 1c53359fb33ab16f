package import RecoverBase

/// One step of a run as a value: its state is only ever the fold of its journaled events.
///
/// Every pair of state and event that ARCHITECTURE.md's table lacks throws: a journal with such a pair is
/// damaged, and a runner that produces one has a bug.
package struct StepMachine: Sendable, Hashable {
  package let kind: StepKind
  package private(set) var state = StepState.pending
  /// Whether the guard was evaluated: once a run, whatever happens later.
  package private(set) var isGuarded = false
  /// Attempts that failed; crashes and suspensions do not count.
  package private(set) var failureCount = 0
  /// Crashes in a row of what is under way, the step or its undo, without a checkpoint that moved between them.
  package private(set) var crashesWithoutProgress = 0
  package private(set) var undoFailureCount = 0
  /// What was there before the first intent; undo restores it.
  package private(set) var snapshot: JSONValue?
  /// What the step left as proof, for later steps and for people.
  package private(set) var evidence: JSONValue?
  /// Why it failed last.
  package private(set) var cause: Cause?
  /// The number of the last intent; 0 before the first.
  package private(set) var intentCount = 0
  /// Whether the attempt under way completes half work instead of beginning anew.
  package private(set) var isRepairing = false
  /// When the first intent was journaled, or new attempts were granted; the step's deadline counts from here,
  /// also across resumes.
  package private(set) var firstIntendedAt: WallTime?
  /// Probes in a row that could not tell, and when the first of them was journaled.
  package private(set) var unknownProbeCount = 0
  package private(set) var unknownSince: WallTime?
  /// The latest value of each named checkpoint.
  package private(set) var checkpoints: [String: JSONValue] = [:]

  package init(kind: StepKind) { self.kind = kind }
}

extension StepMachine {
  /// Takes the step to its next state.
  ///
  /// - Parameter time: when the event was journaled.
  /// - Throws: ``RecoverError`` `journal` for a pair that the table does not have.
  package mutating func apply(_ event: StepEvent, at time: WallTime) throws {
    switch event {
    case .guarded, .adopted, .obstructed: try applyBeforeIntent(event)
    case .intended, .succeeded, .attemptFailed, .probedUnknown, .suspended, .failed: try applyForward(event)
    case .undoIntended, .undone, .undoAttemptFailed, .undoFailed: try applyUndo(event)
    }
    noteTime(of: event, time)
  }

  private mutating func noteTime(of event: StepEvent, _ time: WallTime) {
    switch event {
    case .intended:
      firstIntendedAt = firstIntendedAt ?? time
      (unknownProbeCount, unknownSince) = (0, nil)
    case .probedUnknown:
      unknownProbeCount += 1
      unknownSince = unknownSince ?? time
    case .guarded, .adopted, .obstructed, .succeeded, .attemptFailed, .suspended, .failed, .undoIntended, .undone,
      .undoAttemptFailed, .undoFailed:
      break
    }
  }

  /// Folds a checkpoint: work that a crash can't take back, so the crash count starts anew if it moved.
  package mutating func applyCheckpoint(name: String, value: JSONValue) {
    if checkpoints[name] != value { crashesWithoutProgress = 0 }
    checkpoints[name] = value
  }

  /// Folds the end of a runner that died: what was under way is unknown from here on.
  package mutating func applyTakeover() {
    switch state {
    case .intent, .undoIntent: crashesWithoutProgress += 1
    case .pending, .skipped, .adopted, .backoff, .unknown, .done, .failed, .undoBackoff, .undoUnknown, .undone,
      .undoFailed:
      break
    }
    applySuspension()
  }

  /// Folds a stop in between, which is no crash: what was under way is unknown from here on.
  package mutating func applySuspension() {
    switch state {
    case .intent(let attempt), .backoff(let attempt, _): state = .unknown(attempt: attempt)
    case .undoIntent(let attempt), .undoBackoff(let attempt, _): state = .undoUnknown(attempt: attempt)
    case .pending, .skipped, .adopted, .unknown, .done, .failed, .undoUnknown, .undone, .undoFailed: break
    }
  }

  /// Folds a grant of new attempts, given by a person who asked to resume.
  ///
  /// - Parameter time: when it was given; the step's deadline counts from here.
  package mutating func applyGrant(at time: WallTime) {
    failureCount = 0
    firstIntendedAt = wasIntended ? time : nil
    (unknownProbeCount, unknownSince) = (0, nil)
    if case .failed = state { state = wasIntended ? .unknown(attempt: intentCount) : .pending }
    applyUndoGrant()
  }

  /// Folds a person's request to compensate: an undo that failed is probed and tried again.
  package mutating func applyUndoGrant() {
    undoFailureCount = 0
    crashesWithoutProgress = 0
    if case .undoFailed(let attempt) = state { state = .undoUnknown(attempt: attempt) }
  }

  private mutating func applyBeforeIntent(_ event: StepEvent) throws {
    switch (state, event) {
    case (.pending, .guarded(let reason)) where !isGuarded:
      isGuarded = true
      if reason != nil { state = .skipped }
    case (.pending, .adopted(let evidence)) where isGuarded:
      self.evidence = evidence
      state = .adopted
    case (.pending, .obstructed(let cause)) where isGuarded:
      self.cause = cause
      state = .failed
    default: throw invalid(event)
    }
  }

  private mutating func applyForward(_ event: StepEvent) throws {
    switch (state, event) {
    case (.pending, .intended(1, let snapshot, false)) where isGuarded:
      self.snapshot = snapshot
      intentCount = 1
      isRepairing = false
      state = .intent(attempt: 1)
    case (.backoff(let last, _), .intended(let attempt, _, let isRepair)) where attempt == last + 1,
      (.unknown(let last), .intended(let attempt, _, let isRepair)) where attempt == last + 1:
      intentCount = attempt
      isRepairing = isRepair
      state = .intent(attempt: attempt)
    case (.intent, .succeeded(let evidence)), (.unknown, .succeeded(let evidence)),
      (.backoff, .succeeded(let evidence)):
      self.evidence = evidence
      state = .done
    case (.intent(let attempt), .attemptFailed(let cause, let retryAt)):
      self.cause = cause
      failureCount += 1
      state = .backoff(attempt: attempt, until: retryAt)
    case (.unknown(let attempt), .probedUnknown(let cause, let retryAt)),
      (.backoff(let attempt, _), .probedUnknown(let cause, let retryAt)):
      self.cause = cause
      state = .backoff(attempt: attempt, until: retryAt)
    case (.intent(let attempt), .suspended), (.backoff(let attempt, _), .suspended):
      state = .unknown(attempt: attempt)
    case (.intent, .failed(let cause)), (.unknown, .failed(let cause)), (.backoff, .failed(let cause)):
      self.cause = cause
      failureCount += 1
      state = .failed
    case (.pending, .failed(let cause)):
      // The guard, the probe or the snapshot failed: nothing was intended, nothing is to be undone.
      self.cause = cause
      state = .failed
    default: throw invalid(event)
    }
  }

  private mutating func applyUndo(_ event: StepEvent) throws {
    switch (state, event) {
    case (.done, .undoIntended(1)), (.failed, .undoIntended(1)), (.unknown, .undoIntended(1)),
      (.backoff, .undoIntended(1)):
      guard wasIntended else { throw invalid(event) }
      crashesWithoutProgress = 0
      state = .undoIntent(attempt: 1)
    case (.undoBackoff(let last, _), .undoIntended(let attempt)) where attempt == last + 1,
      (.undoUnknown(let last), .undoIntended(let attempt)) where attempt == last + 1,
      (.undoFailed(let last), .undoIntended(let attempt)) where attempt == last + 1:
      state = .undoIntent(attempt: attempt)
    case (.undoIntent, .undone(let evidence)), (.undoUnknown, .undone(let evidence)),
      (.undoBackoff, .undone(let evidence)):
      self.evidence = evidence
      state = .undone
    case (.undoIntent(let attempt), .undoAttemptFailed(let cause, let retryAt)),
      (.undoUnknown(let attempt), .undoAttemptFailed(let cause, let retryAt)),
      (.undoBackoff(let attempt, _), .undoAttemptFailed(let cause, let retryAt)):
      self.cause = cause
      undoFailureCount += 1
      state = .undoBackoff(attempt: attempt, until: retryAt)
    case (.undoIntent(let attempt), .undoFailed(let cause)), (.undoUnknown(let attempt), .undoFailed(let cause)),
      (.undoBackoff(let attempt, _), .undoFailed(let cause)):
      self.cause = cause
      state = .undoFailed(attempt: attempt)
    default: throw invalid(event)
    }
  }

  private func invalid(_ event: StepEvent) -> RecoverError {
    RecoverError(
      .journal, "a step that is \(state.name) can't take the event \(event.kind)",
      hint: "the journal is damaged, or was written by a newer recover")
  }
}

extension StepMachine {
  /// Whether compensation has to undo the step: it may have acted, and its effect is not known to be gone.
  package var needsUndo: Bool {
    guard wasIntended, kind == .compensable else { return false }
    switch state {
    case .intent, .backoff, .unknown, .done, .failed, .undoIntent, .undoBackoff, .undoUnknown: return true
    case .pending, .skipped, .adopted, .undone, .undoFailed: return false
    }
  }

  /// Whether an intent was ever durable; only then is there something to undo.
  package var wasIntended: Bool { intentCount > 0 }
}
