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
    case .backoff(_, let until): return pauseWhenExhausted(index) ?? waitOr(.probe(step: index), until, of: index, now)
    case .unknown: return pauseWhenExhausted(index) ?? .probe(step: index)
    case .intent(let attempt):
      return .perform(step: index, attempt: attempt, isRepair: machine.isRepairing)
    case .failed: return recordFailure(of: index)
    case .skipped, .adopted, .done, .undoIntent, .undoBackoff, .undoUnknown, .undone, .undoFailed:
      // A step that was undone can't be met going forward: the table has no way back from compensating.
      return .stop
    }
  }

  /// A step whose last attempt failed waits for a person if the procedure says so, also after a crash.
  private func pauseWhenExhausted(_ index: Int) -> RunAction? {
    guard isExhausted(index), pausesWhenExhausted(index), let cause = steps[index].cause else { return nil }
    return .record(.paused(cause: cause))
  }

  /// Whether the procedure asks for a pause instead of a failure, where the run can pause at all.
  func pausesWhenExhausted(_ index: Int) -> Bool { plan.steps[index].onExhausted == .pause && state == .running }

  /// Waits until the time; a wait longer than the step's longest means that the clock was set back.
  private func waitOr(_ action: RunAction, _ until: WallTime, of index: Int, _ now: WallTime) -> RunAction {
    now < until && until - now <= plan.steps[index].retry.maxBackoff ? .wait(until: until) : action
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
      guard machine.needsUndo else { continue }
      guard blocked.isDisjoint(with: plan.steps[index].resources) else {
        // Its effect stands, so what it holds is not to be touched from below either.
        blocked.formUnion(plan.steps[index].resources)
        continue
      }
      return nextUndoAttempt(of: index, now: now)
    }
    if let failed { return .record(.stuck(cause: failed)) }
    return .record(.compensated)
  }

  private func nextUndoAttempt(of index: Int, now: WallTime) -> RunAction {
    switch steps[index].state {
    case .undoIntent(let attempt): .undo(step: index, attempt: attempt)
    case .undoBackoff(_, let until): waitOr(.probeUndo(step: index), until, of: index, now)
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
