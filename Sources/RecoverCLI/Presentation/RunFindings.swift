internal import RecoverBase
internal import RecoverCore

/// What a run's journal tells about its steps and about the databases that it leaves: pure.
struct RunFindings {
  /// How long each step's last attempt or undo took.
  private(set) var took: [String: Duration] = [:]
  /// What each step left as evidence, of its undo where it was undone.
  private(set) var evidence: [String: JSONValue] = [:]
  /// The name that the live database of before has now, and until when it is kept.
  private(set) var previousDatabase: String?
  private(set) var keptUntil: String?
  /// The name of a restored copy that did not pass.
  private(set) var failedDatabase: String?

  init(_ history: some Sequence<(JournalRecord, RunEvent)>) {
    var clock = StepClock()
    for (record, event) in history {
      if let step = event.step, let duration = clock.took(record, event) { took[step] = duration }
      guard case .step(let id, let event) = event else { continue }
      switch event {
      case .succeeded(let found), .adopted(let found):
        evidence[id] = found
        previousDatabase = found["previous"]?.string ?? previousDatabase
        keptUntil = found["kept until"]?.string ?? keptUntil
      case .undone(let found):
        // The swap is taken back: the database of before has its own name again.
        if evidence[id]?["previous"] != nil { (previousDatabase, keptUntil) = (nil, nil) }
        failedDatabase = found["failedCopy"]?.string ?? failedDatabase
        evidence[id] = found
      case .guarded, .obstructed, .intended, .attemptFailed, .probedUnknown, .suspended, .failed, .undoIntended,
        .undoAttemptFailed, .undoFailed:
        break
      }
    }
  }
}
