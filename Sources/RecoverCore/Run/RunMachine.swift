package import RecoverBase

/// One run as a value: the fold of its journal, and nothing else.
///
/// A runner asks ``next(now:)`` what to do, does it, asks `RunMachine+Decide` what to record, appends that
/// to the journal and folds it in with ``apply(_:at:)``. Since nothing else changes the state, replaying the
/// journal gives the state by construction (I9).
package struct RunMachine: Sendable, Hashable {
  package let plan: Plan
  package private(set) var state = RunState.planned
  /// One machine for each step of the plan, in its order.
  package private(set) var steps: [StepMachine]
  /// The plan's step indexes in the order of their first intents; undo runs in its reverse.
  package private(set) var intentOrder: [Int] = []
  /// Why the run stands where it does: why it failed, or what paused it or is in its way now; the exit status is a
  /// function of the state and this.
  package private(set) var cause: Cause?
  /// Why the run goes back; what gets in the way of that later does not hide it.
  private var failure: Cause?
  /// Whether the probe proved, when the run failed, that the pivot had not happened though it was intended.
  package private(set) var isPivotDisproved = false
  /// Who approved which step.
  package private(set) var approvals: [String: String] = [:]
  private let indexes: [String: Int]

  /// A run that was planned and nothing more.
  package init(plan: Plan) {
    self.plan = plan
    steps = plan.steps.map { StepMachine(kind: $0.kind) }
    indexes = Dictionary(plan.steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The run that a journal describes.
  ///
  /// - Throws: ``RecoverError`` `journal` when the first event is not `planned` or a later one does not follow.
  package init(replaying events: some Sequence<(event: RunEvent, time: WallTime)>) throws {
    var iterator = events.makeIterator()
    guard case .planned(let plan, _)? = iterator.next()?.event else {
      throw RecoverError(.journal, "the journal of the run does not begin with its plan")
    }
    self.init(plan: plan)
    while let (event, time) = iterator.next() { try apply(event, at: time) }
  }

  /// The index of a step by its id.
  package func index(of step: String) throws -> Int {
    guard let index = indexes[step] else {
      throw RecoverError(.journal, "the plan has no step \(step)")
    }
    return index
  }
}

// MARK: - Folding

extension RunMachine {
  /// Takes the run to its next state.
  ///
  /// - Parameter time: when the event was journaled.
  /// - Throws: ``RecoverError`` `journal` for an event that the table does not have for this state.
  package mutating func apply(_ event: RunEvent, at time: WallTime) throws {
    switch event {
    case .step(let id, let event): try applyStep(id, event, at: time)
    case .checkpoint(let id, let name, let value):
      guard state.isActive else { throw invalid("checkpoint") }
      steps[try index(of: id)].applyCheckpoint(name: name, value: value)
    case .childStarted, .requestIgnored:
      guard state.isActive else { throw invalid(event.kind) }
    case .planned, .started, .resumed, .refused: try applyBeginning(event, at: time)
    case .approvalRequested, .approved, .paused, .compensateRequested, .abandoned: try applyRequest(event)
    case .failing, .completed, .compensated, .finished, .stuck: try applyCourse(event)
    }
  }

  private mutating func applyStep(_ id: String, _ event: StepEvent, at time: WallTime) throws {
    let index = try index(of: id)
    guard accepts(event, of: steps[index].kind) else { throw invalid(event.kind) }
    let wasIntended = steps[index].wasIntended
    try steps[index].apply(event, at: time)
    if !wasIntended, steps[index].wasIntended { intentOrder.append(index) }
  }

  /// Whether the run's course has room for an event of a step of the kind.
  private func accepts(_ event: StepEvent, of kind: StepKind) -> Bool {
    switch state {
    case .running: !event.isUndo && kind != .finalizer
    case .compensating: event.isUndo
    case .finalizing: !event.isUndo && kind == .finalizer
    case .planned, .waiting, .paused, .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned: false
    }
  }

  private mutating func applyBeginning(_ event: RunEvent, at time: WallTime) throws {
    switch (state, event) {
    case (.planned, .started): state = .running
    case (.planned, .refused(let cause)):
      self.cause = cause
      state = .failedClean
    case (.paused, .resumed(_, let grant)):
      cause = failure
      state = .running
      takeOver(grant: grant, at: time)
    case (.needsOperator(let from), .resumed(_, true)):
      cause = failure
      state = from.state
      takeOver(grant: true, at: time)
    case (.running, .resumed(_, let grant)), (.compensating, .resumed(_, let grant)),
      (.finalizing, .resumed(_, let grant)), (.waiting, .resumed(_, let grant)):
      takeOver(grant: grant, at: time)
    default: throw invalid(event.kind)
    }
  }

  private mutating func applyRequest(_ event: RunEvent) throws {
    switch (state, event) {
    case (.running, .approvalRequested(let step, let until)): state = .waiting(step: step, until: until)
    case (.waiting(let awaited, _), .approved(let step, let by)) where step == awaited:
      approvals[step] = by
      state = .running
    case (.running, .paused(let cause)):
      self.cause = cause
      suspendSteps()
      state = .paused
    case (.needsOperator(.running), .compensateRequested), (.needsOperator(.compensating), .compensateRequested):
      guard !isPivotStanding else { throw invalid(event.kind) }
      failure = failure ?? cause
      cause = failure
      for index in steps.indices { steps[index].applyUndoGrant() }
      state = .compensating
    case (.needsOperator, .abandoned), (.paused, .abandoned): state = .abandoned
    default: throw invalid(event.kind)
    }
  }

  private mutating func applyCourse(_ event: RunEvent) throws {
    switch (state, event) {
    case (.running, .failing(let cause, let disproved)), (.paused, .failing(let cause, let disproved)),
      (.waiting, .failing(let cause, let disproved)):
      self.cause = cause
      failure = cause
      isPivotDisproved = disproved
      suspendSteps()
      if intentOrder.allSatisfy({ !steps[$0].kind.hasEffect }) {
        state = .finalizing(.failed)
      } else if isPivotStanding {
        state = .needsOperator(from: .running)
      } else {
        state = .compensating
      }
    case (.running, .completed) where isVerified: state = .finalizing(.ok)
    case (.compensating, .compensated) where isUndone: state = .finalizing(.rolledBack)
    case (.finalizing(let outcome), .finished) where owesNothing: state = outcome.terminalState
    case (.running, .stuck(let cause)):
      self.cause = cause
      state = .needsOperator(from: .running)
    case (.compensating, .stuck(let cause)):
      self.cause = cause
      state = .needsOperator(from: .compensating)
    case (.finalizing(let outcome), .stuck(let cause)):
      self.cause = cause
      state = .needsOperator(from: .finalizing(outcome))
    default: throw invalid(event.kind)
    }
  }

  /// The runner before is gone: what it had under way is unknown.
  private mutating func takeOver(grant: Bool, at time: WallTime) {
    for index in steps.indices {
      steps[index].applyTakeover()
      if grant { steps[index].applyGrant(at: time) }
    }
  }

  /// What is under way is left where it is.
  private mutating func suspendSteps() {
    for index in steps.indices { steps[index].applySuspension() }
  }

  private func invalid(_ kind: String) -> RecoverError {
    RecoverError(
      .journal, "a run that is \(state.name) can't take the event \(kind)",
      hint: "the journal is damaged, or was written by a newer recover")
  }
}

// MARK: - Reading

extension RunMachine {
  /// Whether the pivot was intended, or found in place, so that undo would lose what was accepted since.
  package var isPivotStanding: Bool {
    !isPivotDisproved && steps.contains { $0.kind == .pivot && ($0.wasIntended || $0.state == .adopted) }
  }

  /// Whether every step but the finalizers is settled.
  private var isVerified: Bool { steps.allSatisfy { $0.kind == .finalizer || $0.state.isSettled } }

  /// Whether nothing is left that the run did and can undo.
  private var isUndone: Bool {
    steps.allSatisfy { step in
      if case .undoFailed = step.state { return false }
      return !step.needsUndo
    }
  }

  /// Whether all finalizers are done and no debt is open.
  private var owesNothing: Bool {
    openObligations.isEmpty && steps.allSatisfy { $0.kind != .finalizer || $0.state.isSettled }
  }

  /// Why the run failed in the first place, or else what is in its way.
  package var firstCause: Cause? { failure ?? cause }

  /// What came in the way of going back after ``firstCause``.
  package var trouble: Cause? { failure == nil || cause == failure ? nil : cause }

  /// The debts that are open: made by an intent, and neither undone nor paid by a later step.
  package var openObligations: [String] { owingSteps.compactMap { plan.steps[$0].obligation } }

  /// The indexes of the steps whose debts are open.
  package var owingSteps: [Int] {
    plan.steps.indices.filter { index in
      guard plan.steps[index].obligation != nil, steps[index].wasIntended else { return false }
      if case .undone = steps[index].state { return false }
      let isPaid = plan.steps[index].dischargedBy.contains { payer in
        guard let payer = indexes[payer] else { return false }
        return steps[payer].state.isSettled && steps[payer].state != .skipped
      }
      return !isPaid
    }
  }

  /// What the steps that are done left as proof, by step id.
  package var outputs: [String: JSONValue] {
    var outputs: [String: JSONValue] = [:]
    for (index, machine) in steps.enumerated() where machine.state.isSettled {
      if let evidence = machine.evidence { outputs[plan.steps[index].id] = evidence }
    }
    return outputs
  }
}

extension RunState.Outcome {
  fileprivate var terminalState: RunState {
    switch self {
    case .ok: .succeeded
    case .rolledBack: .rolledBack
    case .failed: .failedClean
    }
  }
}

extension RunState.Resumption {
  fileprivate var state: RunState {
    switch self {
    case .running: .running
    case .compensating: .compensating
    case .finalizing(let outcome): .finalizing(outcome)
    }
  }
}
