package import RecoverBase

/// Crashes in a row, without a checkpoint between them, after which a step is given up (I13).
private let crashLimit = 50

/// How long a step that has no deadline is probed while nobody can tell, before a person is asked.
private let unknownPatience = Duration.seconds(600)

/// What a probe of a step leads to.
package enum ProbeDecision: Sendable, Hashable {
  /// Take a snapshot (before the first intent only), journal the intent, then act.
  case intend(attempt: Int, isRepair: Bool, takesSnapshot: Bool)
  case record(RunEvent)
}

/// The postcondition of a step, as its `verify` saw it.
package enum Verdict: Sendable, Hashable {
  case holds
  case fails(String)
}

extension RunMachine {
  /// What to do after a probe of a step that is pending, unknown or in backoff.
  ///
  /// - Parameter random: in 0..<1, for the jitter of the next delay.
  package func decide(probed index: Int, _ result: ProbeResult, now: WallTime, random: Double) -> ProbeDecision {
    let machine = steps[index]
    guard machine.wasIntended else { return decideFirst(index, result) }
    let attempt = machine.intentCount + 1
    switch result {
    case .done(let evidence): return .record(event(index, .succeeded(evidence: evidence)))
    case .notDone, .partial:
      if let cause = crashLoop(of: index) { return .record(event(index, .failed(cause: cause))) }
      if let late = lateness(of: index, now: now) { return .record(event(index, .failed(cause: late))) }
      var isRepair = false
      if case .partial = result { isRepair = true }
      return .intend(attempt: attempt, isRepair: isRepair, takesSnapshot: false)
    case .unknown(let reason):
      return .record(decideUnknown(index, Cause(code: .needsOperator, message: reason), now: now, random: random))
    }
  }

  /// Probes again a little later; asks a person once the step's deadline, or our patience, has run out.
  private func decideUnknown(_ index: Int, _ cause: Cause, now: WallTime, random: Double) -> RunEvent {
    var cause = cause
    cause.step = plan.steps[index].id
    let machine = steps[index]
    let isHopeless = plan.steps[index].deadline == nil && (machine.unknownSince ?? now) + unknownPatience < now
    if isHopeless || lateness(of: index, now: now) != nil { return .stuck(cause: cause) }
    let delay = plan.steps[index].retry.delay(attempt: machine.unknownProbeCount + 1, random: random)
    return event(index, .probedUnknown(cause: cause, retryAt: now + delay))
  }

  /// The cause of giving up what only ever ends its runner.
  private func crashLoop(of index: Int) -> Cause? {
    let count = steps[index].crashesWithoutProgress
    guard count > crashLimit else { return nil }
    return Cause(code: .stepFailed, message: "\(count) runners in a row died here without progress")
  }

  private func decideFirst(_ index: Int, _ result: ProbeResult) -> ProbeDecision {
    let first = ProbeDecision.intend(attempt: 1, isRepair: false, takesSnapshot: true)
    guard steps[index].kind.hasEffect else { return first }
    switch result {
    case .done(let evidence): return .record(event(index, .adopted(evidence: evidence)))
    case .notDone: return first
    case .partial(let reason), .unknown(let reason):
      let cause = Cause(
        code: .claimed, message: "found half-done work that is not this run's: \(reason)",
        hint: "find out whose it is; recover cleanup lists what recover left behind")
      return .record(event(index, .obstructed(cause: cause)))
    }
  }

  /// What to journal after an attempt, with the verdict on its postcondition.
  package func decide(
    performed index: Int, _ result: Result<(JSONValue, Verdict), any Error>, now: WallTime, random: Double
  )
    -> RunEvent
  {
    switch result {
    case .success((let evidence, .holds)): event(index, .succeeded(evidence: evidence))
    case .success((_, .fails(let reason))):
      decide(failed: index, Cause(code: .checkFailed, message: reason), now: now, random: random)
    case .failure(let error): decide(failed: index, Cause(error), now: now, random: random)
    }
  }

  /// What to journal when an attempt, or a guard, a probe or a snapshot before it, failed.
  package func decide(failed index: Int, _ cause: Cause, now: WallTime, random: Double) -> RunEvent {
    let step = plan.steps[index]
    guard case .intent = steps[index].state else {
      guard steps[index].wasIntended, cause.code.isTransient || cause.code == .interrupted else {
        return event(index, .failed(cause: cause))
      }
      // A probe that could not ask does not know: the attempt before it may have acted.
      return decideUnknown(index, cause, now: now, random: random)
    }
    if cause.code == .interrupted { return event(index, .suspended) }
    let isLast = steps[index].failureCount + 1 >= step.retry.attempts
    let retryAt = now + step.retry.delay(attempt: steps[index].failureCount + 1, random: random)
    let isLate = lateness(of: index, now: retryAt) != nil
    if cause.code.isTransient, !isLate, !isLast || pausesWhenExhausted(index) {
      return event(index, .attemptFailed(cause: cause, retryAt: retryAt))
    }
    return event(index, .failed(cause: cause))
  }

  /// How long to wait before a step that was never begun is looked at again; nil when it is to be given up.
  ///
  /// - Parameter looks: how many looks have failed, this one included; bounded as the step's attempts are.
  package func delay(
    beforeLookingAgainAt index: Int, after cause: Cause, looks: Int, random: Double
  ) -> Duration? {
    let retry = plan.steps[index].retry
    let isPassing = [.connectionLost, .unreachable, .busy].contains(cause.code)
    guard !steps[index].wasIntended, isPassing, looks < retry.attempts else { return nil }
    return retry.delay(attempt: looks, random: random)
  }

  /// What to journal after an undo was performed and checked, or failed.
  package func decide(undone index: Int, _ result: Result<JSONValue, any Error>, now: WallTime, random: Double)
    -> RunEvent
  {
    switch result {
    case .success(let evidence): event(index, .undone(evidence: evidence))
    case .failure(let error): decide(undoFailed: index, Cause(error), now: now, random: random)
    }
  }

  /// What to do after asking whether an undone effect is gone.
  package func decide(undoProbed index: Int, _ result: UndoProbeResult, now: WallTime, random: Double) -> RunEvent {
    switch result {
    case .absent: return event(index, .undone(evidence: .null))
    case .present:
      if let cause = crashLoop(of: index) { return event(index, .undoFailed(cause: cause)) }
      let attempt: Int
      switch steps[index].state {
      case .undoUnknown(let last), .undoBackoff(let last, _), .undoFailed(let last): attempt = last + 1
      case .pending, .skipped, .adopted, .intent, .backoff, .unknown, .done, .failed, .undoIntent, .undone: attempt = 1
      }
      return event(index, .undoIntended(attempt: attempt))
    case .unknown(let reason):
      return decide(undoFailed: index, Cause(code: .unreachable, message: reason), now: now, random: random)
    }
  }

  private func decide(undoFailed index: Int, _ cause: Cause, now: WallTime, random: Double) -> RunEvent {
    var cause = cause
    cause.step = plan.steps[index].id
    let retry = plan.steps[index].retry
    let isTransient = cause.code.isTransient || cause.code == .interrupted
    guard isTransient, steps[index].undoFailureCount + 1 < max(retry.attempts, undoAttemptsAtLeast) else {
      return event(index, .undoFailed(cause: cause))
    }
    let retryAt = now + retry.delay(attempt: steps[index].undoFailureCount + 1, random: random)
    return event(index, .undoAttemptFailed(cause: cause, retryAt: retryAt))
  }

  /// The cause of giving up when the step's deadline has passed at the time; nil before that.
  private func lateness(of index: Int, now: WallTime) -> Cause? {
    guard let deadline = plan.steps[index].deadline, let first = steps[index].firstIntendedAt,
      first + deadline < now
    else { return nil }
    return steps[index].cause
      ?? Cause(code: .timedOut, message: "the step's deadline of \(deadline.seconds) s passed")
  }

  /// How long an attempt that begins now may take: its timeout, but not past the step's deadline.
  package func timeLimit(of index: Int, now: WallTime) -> Duration? {
    let timeout = plan.steps[index].timeout
    guard let deadline = plan.steps[index].deadline, let first = steps[index].firstIntendedAt else { return timeout }
    let left = max((first + deadline) - now, .milliseconds(1))
    return timeout.map { min($0, left) } ?? left
  }

  private func event(_ index: Int, _ event: StepEvent) -> RunEvent { .step(id: plan.steps[index].id, event: event) }
}

/// An undo is tried at least this often: going back matters more than going on.
private let undoAttemptsAtLeast = 5
