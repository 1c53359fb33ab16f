internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// Judges what a run did by its journal and its world: the invariants I1 to I14 of design.md, section 3.
package struct Oracle: Sendable {
  let records: [JournalRecord]
  let events: [RunEvent]
  let world: SimulatedWorld
  let machine: RunMachine

  package init(_ ending: Sweep.Ending) {
    records = ending.records
    events = ending.events
    world = ending.image.world
    machine = ending.machine
  }

  /// Judges the end of a run.
  ///
  /// - Throws: ``SimulationFailure`` naming the first invariant that is broken.
  package static func judge(_ ending: Sweep.Ending) throws {
    try Oracle(ending).judge()
  }

  package func judge() throws {
    if let violation = world.violation { throw SimulationFailure(violation) }
    try judgeIntents()
    try judgeRepetition()
    try judgeUndoOrder()
    try judgePivot()
    try judgeEpochs()
    try judgeEnd()
    try judgeReplay()
    try judgeBudgets()
    try judgeSecrets()
    try judgeExitStatus()
  }

  func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw SimulationFailure(message()) }
  }
}

// MARK: - What the world saw

extension Oracle {
  /// I1: every effect was preceded by a durable intent of its step, direction and epoch.
  private func judgeIntents() throws {
    for effect in world.effects {
      var intent: (event: StepEvent, epoch: Int64)?
      for (event, record) in zip(events, records).prefix(effect.recordCount) {
        if case .step(effect.step, let event) = event { intent = (event, record.epoch) }
      }
      let what = "\(effect.direction.rawValue) \(effect.step).\(effect.name) of epoch \(effect.epoch)"
      guard let intent else { throw SimulationFailure("I1: \(what) has no intent") }
      try require(intent.epoch == effect.epoch, "I1: \(what) has only an intent of epoch \(intent.epoch)")
      switch (effect.direction, intent.event) {
      case (.forward, .intended), (.undo, .undoIntended): break
      default: throw SimulationFailure("I1: \(what) came after \(intent.event.kind)")
      }
    }
  }

  /// I4: nothing is undone once the pivot was accepted.
  private func judgePivot() throws {
    guard let pivot = world.effects.firstIndex(where: { $0.name == "accept" }) else { return }
    let undone = world.effects[pivot...].first { $0.direction == .undo }
    try require(undone == nil, "I4: \(undone?.step ?? "") was undone after the pivot")
  }

  /// I5: epochs only grow, in the world and in the journal; no child outlives the run.
  private func judgeEpochs() throws {
    for (left, right) in zip(world.effects, world.effects.dropFirst()) {
      try require(left.epoch <= right.epoch, "I5: epoch \(right.epoch) acted after epoch \(left.epoch)")
    }
    for (left, right) in zip(records, records.dropFirst()) {
      try require(left.epoch <= right.epoch, "I5: epoch \(right.epoch) appended after epoch \(left.epoch)")
    }
    guard machine.state.isTerminal else { return }
    try require(world.children.isEmpty, "I5: a child of epoch \(world.children.first?.epoch ?? 0) still lives")
  }
}

// MARK: - What the journal says

extension Oracle {
  private func stepEvents() -> [(step: String, event: StepEvent)] {
    events.compactMap { if case .step(let id, let event) = $0 { (id, event) } else { nil } }
  }

  /// I2: what is recorded as done or undone is never begun again.
  private func judgeRepetition() throws {
    var done: Set<String> = []
    var undone: Set<String> = []
    for (step, event) in stepEvents() {
      switch event {
      case .succeeded, .adopted: done.insert(step)
      case .undone: undone.insert(step)
      case .intended: try require(!done.contains(step), "I2: \(step) was begun again after it was done")
      case .undoIntended: try require(!undone.contains(step), "I2: \(step) was undone twice")
      case .guarded, .obstructed, .attemptFailed, .probedUnknown, .suspended, .failed, .undoAttemptFailed,
        .undoFailed:
        break
      }
    }
  }

  /// I3: undo runs in exact reverse order of first intents.
  ///
  /// A step is passed over only while its undo has failed,
  /// or while it shares a resource with one that is passed over; what shares one with those has to wait, too.
  private func judgeUndoOrder() throws {
    let plan = Dictionary(uniqueKeysWithValues: zip(machine.plan.steps.map(\.id), machine.plan.steps))
    var intents: [String] = []
    var (failed, undone) = (Set<String>(), Set<String>())
    for (step, event) in stepEvents() where plan[step]?.kind == .compensable {
      switch event {
      case .intended(1, _, _): intents.append(step)
      case .undoFailed: failed.insert(step)
      case .undone: undone.insert(step)
      case .undoIntended(let attempt):
        failed.remove(step)
        guard attempt == 1 else { continue }
        var blocked: Set<String> = []
        for later in intents.reversed().prefix(while: { $0 != step }) where !undone.contains(later) {
          let resources = plan[later]?.resources ?? []
          let isPassedOver = failed.contains(later) || !blocked.isDisjoint(with: resources)
          try require(isPassedOver, "I3: \(step) was undone before \(later), which was intended after it")
          blocked.formUnion(resources)
        }
        let isFree = blocked.isDisjoint(with: plan[step]?.resources ?? [])
        try require(isFree, "I3: \(step) was undone though it shares something with what could not be undone")
      case .guarded, .adopted, .obstructed, .intended, .succeeded, .attemptFailed, .probedUnknown, .suspended,
        .failed, .undoAttemptFailed:
        break
      }
    }
    guard machine.state == .rolledBack else { return }
    try require(undone == Set(intents), "I3: \(intents) was intended, but only \(undone.sorted()) was undone")
  }

  /// I9: every prefix is a valid journal.
  private func judgeReplay() throws {
    var replayed = RunMachine(plan: machine.plan)
    for (event, record) in zip(events, records).dropFirst() {
      do { try replayed.apply(event, at: record.wallTime) } catch {
        throw SimulationFailure("I9: record \(record.sequence) does not follow: \(error)")
      }
    }
    try require(replayed == machine, "I9: the journal folds to \(replayed.state.name)")
  }

  /// I10: failures count over all lives, and no attempt begins after the deadline.
  private func judgeBudgets() throws {
    var failures: [String: Int] = [:]
    var undoFailures: [String: Int] = [:]
    var begun: [String: WallTime] = [:]
    for (event, record) in zip(events, records) {
      switch event {
      case .resumed(_, true): (failures, undoFailures, begun) = ([:], [:], [:])
      case .compensateRequested: undoFailures = [:]
      case .step(let step, .attemptFailed), .step(let step, .failed): failures[step, default: 0] += 1
      case .step(let step, .undoAttemptFailed), .step(let step, .undoFailed): undoFailures[step, default: 0] += 1
      case .step(let step, .intended):
        let planned = machine.plan.steps[try machine.index(of: step)]
        let first = begun[step] ?? record.wallTime
        begun[step] = first
        try require(
          failures[step, default: 0] < planned.retry.attempts, "I10: \(step) was begun after its last attempt")
        guard let deadline = planned.deadline else { continue }
        try require(record.wallTime <= first + deadline, "I10: \(step) was begun after its deadline")
      case .step(let step, .undoIntended):
        try require(undoFailures[step, default: 0] < 5, "I10: the undo of \(step) was begun after its last attempt")
      default: break
      }
    }
  }

  /// I12: the planted secret is in no record.
  private func judgeSecrets() throws {
    for record in records {
      let text = String(decoding: record.payload, as: UTF8.self)
      try require(!text.contains(SimulatedProcedure.canary), "I12: record \(record.sequence) holds the secret")
    }
  }
}
