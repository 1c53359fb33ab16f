package import RecoverBase

extension RunMachine {
  /// What the runner has to do next; pure, so that a replayed run goes on exactly where it was.
  package func next(now: WallTime) -> RunAction {
    switch state {
    case .running: nextForward(now: now)
    case .waiting(let step, let until): awaitApproval(of: step, until: until)
    case .compensating: nextUndo(now: now)
    case .finalizing: nextFinalizer(now: now)
    case .planned, .paused, .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned: .stop
    }
  }

  private func awaitApproval(of step: String, until: WallTime) -> RunAction {
    guard let index = try? index(of: step) else { return .stop }
    return .awaitApproval(step: index, until: until)
  }

  private func nextForward(now: WallTime) -> RunAction {
    for index in steps.indices where steps[index].kind != .finalizer && !steps[index].state.isSettled {
      return nextAttempt(of: index, now: now)
    }
    return .record(.completed)
  }

  /// What a step that is not settled needs.
  private func nextAttempt(of index: Int, now: WallTime) -> RunAction {
    let machine = steps[index]
    switch machine.state {
    case .pending:
      if !machine.isGuarded { return .evaluateGuard(step: index) }
      if let terms = plan.steps[index].approval, approvals[plan.steps[index].id] == nil {
        return .record(.approvalRequested(step: plan.steps[index].id, until: now + terms.within))
      }
      return .probe(step: index)
    case .backoff(_, let until):
      if isExhausted(index), plan.steps[index].onExhausted == .pause, let cause = machine.cause {
        return .record(.paused(cause: cause))
      }
      return now < until ? .wait(until: until) : .probe(step: index)
    case .unknown: return .probe(step: index)
    case .intent(let attempt):
      return .perform(step: index, attempt: attempt, isRepair: machine.isRepairing)
    case .failed: return recordFailure(of: index)
    case .skipped, .adopted, .done, .undoIntent, .undoBackoff, .undoUnknown, .undone, .undoFailed:
      // A step that was undone can't be met going forward: the table has no way back from compensating.
      return .stop
    }
  }

  private func recordFailure(of index: Int) -> RunAction {
    var cause =
      steps[index].cause ?? Cause(code: .bug, message: "step \(plan.steps[index].id) failed without a cause")
    cause.step = plan.steps[index].id
    if case .finalizing = state { return .record(.stuck(cause: cause)) }
    if steps[index].kind == .forward { return .record(.stuck(cause: cause)) }
    return .record(.failing(cause: cause, pivotDisproved: false))
  }

  private func nextUndo(now: WallTime) -> RunAction {
    var blocked: Set<String> = []
    var failed: Cause?
    for index in intentOrder.reversed() {
      let machine = steps[index]
      if case .undoFailed = machine.state {
        blocked.formUnion(plan.steps[index].resources)
        failed = failed ?? machine.cause
        continue
      }
      guard machine.needsUndo, blocked.isDisjoint(with: plan.steps[index].resources) else { continue }
      return nextUndoAttempt(of: index, now: now)
    }
    if let failed { return .record(.stuck(cause: failed)) }
    return .record(.compensated)
  }

  private func nextUndoAttempt(of index: Int, now: WallTime) -> RunAction {
    switch steps[index].state {
    case .undoIntent(let attempt): .undo(step: index, attempt: attempt)
    case .undoBackoff(_, let until): now < until ? .wait(until: until) : .probeUndo(step: index)
    case .undoUnknown: .probeUndo(step: index)
    case .intent, .backoff, .unknown, .done, .failed:
      .record(.step(id: plan.steps[index].id, event: .undoIntended(attempt: 1)))
    case .pending, .skipped, .adopted, .undone, .undoFailed: .stop
    }
  }

  private func nextFinalizer(now: WallTime) -> RunAction {
    for index in steps.indices where steps[index].kind == .finalizer && !steps[index].state.isSettled {
      return nextAttempt(of: index, now: now)
    }
    guard openObligations.isEmpty else {
      let owed = openObligations.joined(separator: "; ")
      return .record(
        .stuck(cause: Cause(code: .needsOperator, message: "still owed: \(owed)", hint: "resume to try again")))
    }
    return .record(.finished)
  }

  /// Whether a step has used up its attempts.
  func isExhausted(_ index: Int) -> Bool { steps[index].failureCount >= plan.steps[index].retry.attempts }
}
