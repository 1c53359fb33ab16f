internal import RecoverBase
internal import RecoverCore

/// What a run's journal tells about its steps: pure.
struct RunFindings {
  /// How long each step's last attempt or undo took.
  private(set) var took: [String: Duration] = [:]
  /// What each step left as evidence, of its undo where it was undone.
  private(set) var evidence: [String: JSONValue] = [:]
  init(_ history: some Sequence<(JournalRecord, RunEvent)>) {
    var clock = StepClock()
    for (record, event) in history {
      if let step = event.step, let duration = clock.took(record, event) { took[step] = duration }
      guard case .step(let id, let event) = event else { continue }
      switch event {
      case .succeeded(let found), .adopted(let found):
        evidence[id] = found
      case .undone(let found): evidence[id] = found
      case .guarded, .obstructed, .intended, .attemptFailed, .probedUnknown, .suspended, .failed, .undoIntended,
        .undoAttemptFailed, .undoFailed:
        break
      }
    }
  }
}
