internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

/// Every pair of state and event of design.md's table of step states: the allowed ones lead where it says, all
/// others throw.
@Suite("step machine")
struct StepMachineTableTests {
  static let cause = Cause(code: .busy, message: "busy")
  static let later = Plans.time(60)

  /// A way to every state.
  static let paths: [String: [StepEvent]] = {
    let intended: [StepEvent] = [.guarded(skip: nil), .intended(attempt: 1, snapshot: "before", isRepair: false)]
    let undoing = intended + [.succeeded(evidence: "proof"), .undoIntended(attempt: 1)]
    return [
      "fresh": [],
      "pending": [.guarded(skip: nil)],
      "skipped": [.guarded(skip: "not needed")],
      "adopted": [.guarded(skip: nil), .adopted(evidence: "there")],
      "intent": intended,
      "backoff": intended + [.attemptFailed(cause: cause, retryAt: later)],
      "unknown": intended + [.suspended],
      "done": intended + [.succeeded(evidence: "proof")],
      "obstructed": [.guarded(skip: nil), .obstructed(cause: cause)],
      "failed": intended + [.failed(cause: cause)],
      "undo-intent": undoing,
      "undo-backoff": undoing + [.undoAttemptFailed(cause: cause, retryAt: later)],
      "undone": undoing + [.undone(evidence: "gone")],
      "undo-failed": undoing + [.undoFailed(cause: cause)],
    ]
  }()

  /// Every kind of event; of intents, those with the numbers 1 and 2.
  static let events: [String: StepEvent] = [
    "guarded": .guarded(skip: nil),
    "guarded(skip)": .guarded(skip: "not needed"),
    "adopted": .adopted(evidence: "there"),
    "obstructed": .obstructed(cause: cause),
    "intended(1)": .intended(attempt: 1, snapshot: "before", isRepair: false),
    "intended(1, repair)": .intended(attempt: 1, snapshot: nil, isRepair: true),
    "intended(2)": .intended(attempt: 2, snapshot: nil, isRepair: false),
    "intended(2, repair)": .intended(attempt: 2, snapshot: nil, isRepair: true),
    "intended(3)": .intended(attempt: 3, snapshot: nil, isRepair: false),
    "succeeded": .succeeded(evidence: "proof"),
    "attemptFailed": .attemptFailed(cause: cause, retryAt: later),
    "probedUnknown": .probedUnknown(cause: cause, retryAt: later),
    "suspended": .suspended,
    "failed": .failed(cause: cause),
    "undoIntended(1)": .undoIntended(attempt: 1),
    "undoIntended(2)": .undoIntended(attempt: 2),
    "undoIntended(3)": .undoIntended(attempt: 3),
    "undone": .undone(evidence: "gone"),
    "undoAttemptFailed": .undoAttemptFailed(cause: cause, retryAt: later),
    "undoFailed": .undoFailed(cause: cause),
  ]

  /// The table: from a state, by an event, to a state.
  ///
  /// What is not here throws.
  static let table: [String: [String: StepState]] = {
    let retry: [String: StepState] = [
      "intended(2)": .intent(attempt: 2), "intended(2, repair)": .intent(attempt: 2), "succeeded": .done,
      "probedUnknown": .backoff(attempt: 1, until: later), "failed": .failed,
      "undoIntended(1)": .undoIntent(attempt: 1),
    ]
    let undoRetry: [String: StepState] = [
      "undoIntended(2)": .undoIntent(attempt: 2), "undone": .undone,
      "undoAttemptFailed": .undoBackoff(attempt: 1, until: later), "undoFailed": .undoFailed(attempt: 1),
    ]
    return [
      "fresh": ["guarded": .pending, "guarded(skip)": .skipped, "failed": .failed],
      "pending": [
        "adopted": .adopted, "obstructed": .failed, "intended(1)": .intent(attempt: 1), "failed": .failed,
      ],
      "skipped": [:],
      "adopted": [:],
      "intent": [
        "succeeded": .done, "attemptFailed": .backoff(attempt: 1, until: later), "suspended": .unknown(attempt: 1),
        "failed": .failed,
      ],
      "backoff": retry.merging(["suspended": .unknown(attempt: 1)]) { $1 },
      "unknown": retry,
      "done": ["undoIntended(1)": .undoIntent(attempt: 1)],
      "obstructed": [:],
      "failed": ["undoIntended(1)": .undoIntent(attempt: 1)],
      "undo-intent": [
        "undone": .undone, "undoAttemptFailed": .undoBackoff(attempt: 1, until: later),
        "undoFailed": .undoFailed(attempt: 1),
      ],
      "undo-backoff": undoRetry,
      "undo-unknown": undoRetry,
      "undone": [:],
      "undo-failed": ["undoIntended(2)": .undoIntent(attempt: 2)],
    ]
  }()

  static func machine(in state: String) throws -> StepMachine {
    var machine = StepMachine(kind: .compensable)
    for event in try #require(paths[state == "undo-unknown" ? "undo-intent" : state]) {
      try machine.apply(event, at: Plans.time(1))
    }
    if state == "undo-unknown" { machine.applyTakeover() }
    return machine
  }

  @Test("a pair of state and event leads where the table says, or throws", arguments: table.keys.sorted())
  func pairs(from: String) throws {
    let row = try #require(Self.table[from])
    for (name, event) in Self.events {
      var machine = try Self.machine(in: from)
      let before = machine
      if let to = row[name] {
        try machine.apply(event, at: Plans.time(2))
        #expect(machine.state == to, "\(from) + \(name)")
      } else {
        #expect(throws: RecoverError.self, "\(from) + \(name)") { try machine.apply(event, at: Plans.time(2)) }
        #expect(machine == before, "\(from) + \(name) changed the machine")
      }
    }
  }

  @Test("a crash makes what was under way unknown, and nothing else", arguments: table.keys.sorted())
  func takeover(from: String) throws {
    var machine = try Self.machine(in: from)
    let before = machine.state
    machine.applyTakeover()
    switch before {
    case .intent(let attempt), .backoff(let attempt, _): #expect(machine.state == .unknown(attempt: attempt))
    case .undoIntent(let attempt), .undoBackoff(let attempt, _):
      #expect(machine.state == .undoUnknown(attempt: attempt))
    case .pending, .skipped, .adopted, .unknown, .done, .failed, .undoUnknown, .undone, .undoFailed:
      #expect(machine.state == before)
    }
  }

  @Test("only what was intended, may have acted and is not known to be gone needs an undo")
  func needsUndo() throws {
    let needing: Set = [
      "intent", "backoff", "unknown", "done", "failed", "undo-intent", "undo-backoff", "undo-unknown",
    ]
    for state in Self.table.keys {
      #expect(try Self.machine(in: state).needsUndo == needing.contains(state), "\(state)")
    }
  }

  @Test("the first intent's snapshot stays, whatever comes after it")
  func snapshot() throws {
    var machine = try Self.machine(in: "backoff")
    try machine.apply(.intended(attempt: 2, snapshot: "other", isRepair: false), at: Plans.time(3))
    #expect(machine.snapshot == "before")
    #expect(machine.firstIntendedAt == Plans.time(1))
    #expect(machine.intentCount == 2)
    #expect(machine.failureCount == 1)
  }

  @Test("a crash counts until a checkpoint moves, and one that stands still does not reset the count")
  func crashes() throws {
    var machine = try Self.machine(in: "intent")
    for attempt in 2...4 {
      machine.applyTakeover()
      try machine.apply(.intended(attempt: attempt, snapshot: nil, isRepair: true), at: Plans.time(2))
    }
    #expect(machine.crashesWithoutProgress == 3)
    machine.applyCheckpoint(name: "row", value: 1)
    #expect(machine.crashesWithoutProgress == 0)
    machine.applyTakeover()
    machine.applyCheckpoint(name: "row", value: 1)
    #expect(machine.crashesWithoutProgress == 1)
    #expect(machine.failureCount == 0)
  }

  @Test("a pause is no crash")
  func suspension() throws {
    var machine = try Self.machine(in: "intent")
    machine.applySuspension()
    #expect(machine.state == .unknown(attempt: 1))
    #expect(machine.crashesWithoutProgress == 0)
  }

  @Test("a grant gives new attempts and a new deadline")
  func grant() throws {
    var machine = try Self.machine(in: "failed")
    machine.applyGrant(at: Plans.time(100))
    #expect(machine.state == .unknown(attempt: 1))
    #expect(machine.failureCount == 0)
    #expect(machine.firstIntendedAt == Plans.time(100))
    var undo = try Self.machine(in: "undo-failed")
    undo.applyGrant(at: Plans.time(100))
    #expect(undo.state == .undoUnknown(attempt: 1))
    #expect(undo.undoFailureCount == 0)
  }
}
