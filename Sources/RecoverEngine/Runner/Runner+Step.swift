internal import RecoverBase
internal import RecoverCore

/// The largest snapshot that an intent may carry, in bytes of JSON.
private let snapshotLimitBytes = 64 << 10

extension Runner {
  /// Asks the step whether it applies, and journals the answer.
  func evaluateGuard(_ session: RunSession, _ index: Int) async throws {
    try await attempting(session, index) { step, context, machine in
      let reason = try await step.guardReason(context)
      return .step(id: machine.plan.steps[index].id, event: .guarded(skip: reason))
    }
  }

  /// Asks the world whether the effect is there, and journals what follows: an intent, or that it is done.
  func probe(_ session: RunSession, _ index: Int) async throws {
    try await attempting(session, index) { step, context, machine in
      var result = try await step.probe(context)
      if case .done(let evidence) = result, case .fails(let reason) = try await step.verify(context, evidence: evidence)
      {
        result = .partial(reason)
      }
      switch machine.decide(probed: index, result, now: ports.clock.wallTime, random: ports.clock.random()) {
      case .record(let event): return event
      case .intend(let attempt, let isRepair, let takesSnapshot):
        let snapshot = takesSnapshot && machine.steps[index].kind.hasEffect ? try await step.observe(context) : nil
        try check(snapshot, of: machine.plan.steps[index].id)
        return .step(
          id: machine.plan.steps[index].id,
          event: .intended(attempt: attempt, snapshot: snapshot, isRepair: isRepair))
      }
    }
  }

  private func check(_ snapshot: JSONValue?, of step: String) throws {
    guard let snapshot, try snapshot.canonicalBytes().count > snapshotLimitBytes else { return }
    throw RecoverError(.bug, "the snapshot of step \(step) is larger than \(snapshotLimitBytes >> 10) KiB")
  }

  /// Acts and checks the postcondition; the intent is durable already.
  func perform(_ session: RunSession, _ index: Int, attempt: Int, isRepair: Bool) async throws {
    let machine = await session.machine
    let planned = machine.plan.steps[index]
    let context = await context(session, index, attempt: attempt)
    var result: Result<(JSONValue, Verdict), any Error>
    do {
      let step = try ports.catalog.step(for: planned, of: machine.plan)
      result = .success(
        try await interruptibly(
          step.isInterruptible, timeout: machine.timeLimit(of: index, now: ports.clock.wallTime), step: planned.id
        ) {
          let evidence = try await isRepair ? step.repair(context) : step.perform(context)
          return (evidence, try await step.verify(context, evidence: evidence))
        })
    } catch {
      result = .failure(explained(error, of: planned))
    }
    try await checkHold(session)
    let event = await session.machine.decide(
      performed: index, result, now: ports.clock.wallTime, random: ports.clock.random())
    try await session.record(event)
  }

  /// Asks the world whether an effect is gone, and journals what follows.
  func probeUndo(_ session: RunSession, _ index: Int) async throws {
    let machine = await session.machine
    let context = await context(session, index, attempt: machine.steps[index].intentCount)
    let result: UndoProbeResult
    do {
      let step = try ports.catalog.step(for: context.step, of: machine.plan)
      result = try await interruptibly(false, timeout: context.step.timeout, step: context.step.id) {
        try await step.probeUndo(context)
      }
    } catch {
      result = .unknown(Cause(error).message)
    }
    try await checkHold(session)
    try await session.record(
      machine.decide(undoProbed: index, result, now: ports.clock.wallTime, random: ports.clock.random()))
  }

  /// Takes the effect back; the undo intent is durable already.
  ///
  /// Not stopped by a pause or a cancel.
  func undo(_ session: RunSession, _ index: Int, attempt: Int) async throws {
    let machine = await session.machine
    let planned = machine.plan.steps[index]
    let context = await context(session, index, attempt: attempt)
    let result: Result<JSONValue, any Error>
    do {
      let step = try ports.catalog.step(for: planned, of: machine.plan)
      result = .success(
        try await interruptibly(false, timeout: planned.timeout, step: planned.id) { try await step.undo(context) })
    } catch {
      result = .failure(error)
    }
    try await checkHold(session)
    try await session.record(
      machine.decide(undone: index, result, now: ports.clock.wallTime, random: ports.clock.random()))
  }

  /// Asks a step something and journals the event that follows, or that asking failed.
  ///
  /// Looking changes nothing, so any request ends it; the loop then sees to the request. For the same reason a first
  /// look that fails for a passing reason is taken again without a record: a server that restarts between two steps
  /// must not undo the hours of the steps before.
  private func attempting(
    _ session: RunSession, _ index: Int,
    _ body: @escaping @Sendable (any Step, StepContext, RunMachine) async throws -> RunEvent
  ) async throws {
    let machine = await session.machine
    let planned = machine.plan.steps[index]
    let context = await context(session, index, attempt: machine.steps[index].intentCount)
    var event: RunEvent?
    var looks = 0
    while event == nil {
      do {
        let step = try ports.catalog.step(for: planned, of: machine.plan)
        event = try await interruptibly(true, timeout: planned.timeout, step: planned.id) {
          try await body(step, context, machine)
        }
      } catch {
        try await checkHold(session)
        let error = explained(error, of: planned)
        if isInterruption(error) { return }
        looks += 1
        let (now, random) = (ports.clock.wallTime, ports.clock.random())
        if let delay = machine.delay(beforeLookingAgainAt: index, after: Cause(error), looks: looks, random: random) {
          await wait(until: now + delay)
          if control.request != nil { return }
        } else {
          event = machine.decide(failed: index, Cause(error), now: now, random: random)
        }
      }
    }
    try await checkHold(session)
    if let event { try await session.record(event) }
  }

  /// - Throws: why this runner may not go on: it was told to stop, lost its lease, or can't write its journal.
  private func checkHold(_ session: RunSession) async throws {
    try Task.checkCancellation()
    if case .stop(let cause) = control.request { throw cause.error }
    if let failure = await session.failure { throw failure }
  }

  private func isInterruption(_ error: any Error) -> Bool {
    error is CancellationError || (error as? RecoverError)?.code == .interrupted
  }

  /// A step that was not asked to stop and says that it was has failed; else it would be begun for ever.
  private func explained(_ error: any Error, of step: PlannedStep) -> any Error {
    guard isInterruption(error), control.request == nil else { return error }
    return RecoverError(.stepFailed, "step \(step.id) stopped, and nobody had asked it to", underlying: error)
  }

  /// Runs an attempt under its timeout; a request ends it early if it may be interrupted, a lost lease always.
  func interruptibly<Value: Sendable>(
    _ isInterruptible: Bool, timeout: Duration?, step: String, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Finish<Value>.self) { group in
      group.addTask {
        do { return .finished(.success(try await body())) } catch { return .finished(.failure(error)) }
      }
      group.addTask {
        await control.waitForRequest(stopOnly: !isInterruptible)
        return .requested
      }
      if let timeout {
        group.addTask {
          // Woken before its time, it has nothing to say.
          do { try await ports.clock.sleep(for: timeout) } catch { return .requested }
          return .timedOut
        }
      }
      var isTimedOut = false
      while let finish = try await group.next() {
        switch finish {
        case .finished(let result):
          group.cancelAll()
          if isTimedOut, case .failure = result {
            throw RecoverError(.timedOut, "step \(step) took longer than its timeout")
          }
          return try result.get()
        case .requested: group.cancelAll()
        case .timedOut:
          isTimedOut = true
          group.cancelAll()
        }
      }
      throw CancellationError()
    }
  }

  /// What a step is given.
  func context(_ session: RunSession, _ index: Int, attempt: Int) async -> StepContext {
    let machine = await session.machine
    var snapshots: [String: JSONValue] = [:]
    for (planned, step) in zip(machine.plan.steps, machine.steps) { snapshots[planned.id] = step.snapshot }
    let planned = machine.plan.steps[index]
    return StepContext(
      run: session.run, epoch: session.epoch, plan: machine.plan, step: planned, attempt: attempt,
      snapshot: machine.steps[index].snapshot, evidence: machine.steps[index].evidence, outputs: machine.outputs,
      snapshots: snapshots,
      checkpoints: machine.steps[index].checkpoints, directory: ports.directory(session.run),
      reporter: SessionReporter(
        session: session, step: planned.id, observer: ports.observer, crashPoints: ports.crashPoints))
  }
}

/// What ended first of an attempt, a request and the timeout.
private enum Finish<Value: Sendable>: Sendable {
  case finished(Result<Value, any Error>)
  case requested
  case timedOut
}

/// Lets a step report into its runner's session.
private struct SessionReporter: StepReporter {
  let session: RunSession
  let step: String
  let observer: any RunObserver
  let crashPoints: CrashPoints

  func checkpoint(_ name: String, _ value: JSONValue) async throws {
    try await session.record(.checkpoint(step: step, name: name, value: value))
  }

  func childStarted(_ child: JSONValue) async throws {
    try await session.record(.childStarted(step: step, child: child))
  }

  func progress(_ progress: Progress) { observer.progressed(step: step, progress) }

  func reach(_ point: String) { crashPoints.reach("\(step).\(point)") }
}
