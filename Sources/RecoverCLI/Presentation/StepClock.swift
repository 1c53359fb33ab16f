internal import RecoverBase
internal import RecoverCore

/// How long steps take, measured from the journal's monotonic times.
struct StepClock {
  private var beginnings: [String: (epoch: Int64, moment: Moment)] = [:]

  /// Takes note of an event.
  ///
  /// - Returns: how long the step's attempt, or its undo, took, when the event ends one; nil for others, and where
  ///   another runner began it: its clock may have been another boot's.
  mutating func took(_ record: JournalRecord, _ event: RunEvent) -> Duration? {
    guard case .step(let id, let event) = event else { return nil }
    switch event {
    case .intended, .undoIntended:
      beginnings[id] = (record.epoch, record.monotonicTime)
      return nil
    case .succeeded, .undone, .attemptFailed, .failed, .suspended, .undoAttemptFailed, .undoFailed:
      guard let beginning = beginnings.removeValue(forKey: id), beginning.epoch == record.epoch else { return nil }
      return record.monotonicTime - beginning.moment
    case .guarded, .adopted, .obstructed, .probedUnknown: return nil
    }
  }
}
