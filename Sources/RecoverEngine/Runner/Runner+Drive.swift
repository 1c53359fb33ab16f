internal import RecoverBase
internal import RecoverCore

/// How often requests of other processes are looked for.
private let requestInterval = Duration.milliseconds(250)

extension Runner {
  /// Works until the machine says stop, or somebody asks to.
  func drive(_ session: RunSession) async throws {
    try await withRequestPoll(session) {
      while true {
        if try await obeyRequest(session) { return }
        let machine = await session.machine
        do {
          guard try await act(session, machine.next(now: ports.clock.wallTime)) else { return }
        } catch let error as RecoverError where error.code == .noSpace {
          // There is no room to go on, but some is kept back for the way back.
          let disproved = await disprovesPivot(session)
          try await session.record(.failing(cause: Cause(error), pivotDisproved: disproved))
        }
      }
    }
  }

  /// Does what the machine asks for.
  ///
  /// - Returns: whether there is more to do.
  private func act(_ session: RunSession, _ action: RunAction) async throws -> Bool {
    switch action {
    case .stop: return false
    case .record(let event): try await record(session, event)
    case .wait(let until): await wait(until: until)
    case .awaitApproval(let step, let until): try await awaitApproval(session, step: step, until: until)
    case .evaluateGuard(let step): try await evaluateGuard(session, step)
    case .probe(let step): try await probe(session, step)
    case .perform(let step, let attempt, let isRepair):
      try await perform(session, step, attempt: attempt, isRepair: isRepair)
    case .probeUndo(let step): try await probeUndo(session, step)
    case .undo(let step, let attempt): try await undo(session, step, attempt: attempt)
    }
    return true
  }

  /// Journals a transition that needs no act, with what can only be known at the moment.
  private func record(_ session: RunSession, _ event: RunEvent) async throws {
    if case .failing(let cause, false) = event {
      try await session.record(.failing(cause: cause, pivotDisproved: await disprovesPivot(session)))
    } else if case .approvalRequested = event {
      // Whatever was approved or rejected before the question does not answer it.
      let stale = try await ports.store.pendingRequests(of: session.run).filter(\.kind.isAnswer).map(\.id)
      try await session.record(event, consuming: stale)
    } else {
      try await session.record(event)
    }
  }

  /// Carries out what was asked, as far as the run's state allows it.
  ///
  /// - Returns: whether the runner stops here.
  private func obeyRequest(_ session: RunSession) async throws -> Bool {
    guard let request = control.request else { return false }
    let state = await session.machine.state
    switch request {
    case .stop(let cause): throw cause.error
    case .pause(let cause):
      switch state {
      case .running:
        control.clear(request)
        try await session.record(.paused(cause: cause), consuming: try await pending(session, .pause))
        // A cancel that came meanwhile is carried out from the pause.
        return control.request == nil
      case .waiting:
        control.clear(request)
        try await consume(session, .pause)
        return true
      case .planned, .paused, .compensating, .finalizing, .needsOperator, .succeeded, .rolledBack, .failedClean,
        .abandoned:
        // Going back and finishing are not paused: what is owed is owed.
        control.clear(request)
        try await consume(session, .pause)
        return false
      }
    case .cancel(let cause):
      control.clear(request)
      switch state {
      case .running, .waiting, .paused:
        let disproved = await disprovesPivot(session)
        try await session.record(
          .failing(cause: cause, pivotDisproved: disproved), consuming: try await pending(session, .cancel))
      case .planned, .compensating, .finalizing, .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned:
        try await consume(session, .cancel)
      }
      return false
    }
  }

  func pending(_ session: RunSession, _ kind: RunRequest.Kind) async throws -> [Int64] {
    try await ports.store.pendingRequests(of: session.run).filter { $0.kind == kind }.map(\.id)
  }

  /// Marks requests that change nothing as seen, with a record that says so.
  private func consume(_ session: RunSession, _ kind: RunRequest.Kind) async throws {
    // A run that has come to rest takes no record; what came too late stays as it is.
    guard await session.machine.state.isActive else { return }
    let requests = try await pending(session, kind)
    guard !requests.isEmpty else { return }
    try await session.record(.requestIgnored(kind: kind.rawValue), consuming: requests)
  }

  /// Waits, but not past a request.
  func wait(until time: WallTime) async {
    let duration = time - ports.clock.wallTime
    guard duration > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await ports.clock.sleep(for: duration) }
      group.addTask { await control.waitForRequest() }
      await group.next()
      group.cancelAll()
    }
  }

  private func awaitApproval(_ session: RunSession, step: Int, until: WallTime) async throws {
    let id = await session.machine.plan.steps[step].id
    let answers = try await ports.store.pendingRequests(of: session.run).filter { $0.kind.isAnswer }
    // One answer counts, and all that were given to the same question go with it.
    if let answer = answers.first(where: { $0.requestedAt < until }) {
      let ids = answers.map(\.id)
      guard answer.kind == .reject else {
        return try await session.record(.approved(step: id, by: answer.person), consuming: ids)
      }
      let cause = Cause(code: .cancelled, message: "rejected by \(answer.person)", step: id)
      return try await session.record(
        .failing(cause: cause, pivotDisproved: await disprovesPivot(session)), consuming: ids)
    }
    guard ports.clock.wallTime < until else {
      let cause = Cause(code: .timedOut, message: "nobody approved step \(id) in time", step: id)
      return try await session.record(
        .failing(cause: cause, pivotDisproved: await disprovesPivot(session)), consuming: answers.map(\.id))
    }
    let nextLook = ports.clock.wallTime + requestInterval
    await wait(until: min(until, nextLook))
  }

  /// Whether the pivot was intended but provably did not happen, so that undo loses nothing.
  ///
  /// A probe that fails proves nothing.
  func disprovesPivot(_ session: RunSession) async -> Bool {
    let machine = await session.machine
    guard let pivot = machine.steps.indices.first(where: { machine.steps[$0].kind == .pivot }),
      machine.steps[pivot].wasIntended, machine.steps[pivot].state != .done
    else { return false }
    let context = await context(session, pivot, attempt: machine.steps[pivot].intentCount)
    do {
      let step = try ports.catalog.step(for: machine.plan.steps[pivot], of: machine.plan)
      return try await interruptibly(false, timeout: context.step.timeout, step: context.step.id) {
        try await step.probe(context)
      } == .notDone
    } catch {
      return false
    }
  }

  /// Looks for requests of other processes while `body` works.
  private func withRequestPoll(_ session: RunSession, _ body: () async throws -> Void) async throws {
    try await withTask {
      while !Task.isCancelled {
        try await ports.clock.sleep(for: requestInterval)
        // A look that fails is repeated; the next append says what is wrong with the disk.
        for request in (try? await ports.store.pendingRequests(of: session.run)) ?? [] {
          switch request.kind {
          case .pause:
            control.ask(.pause(Cause(code: .waiting, message: "paused by \(request.person)")))
          case .cancel:
            control.ask(.cancel(Cause(code: .cancelled, message: "cancelled by \(request.person)")))
          case .approve, .reject: break
          }
        }
      }
    } while: {
      try await body()
    }
  }

  /// Renews the lease while `body` works; asks to stop when it is lost.
  func withHeartbeat<Value: Sendable>(_ session: RunSession, _ body: () async throws -> Value) async throws -> Value {
    try await withTask {
      while !Task.isCancelled {
        try await ports.clock.sleep(for: ports.leaseTiming.heartbeat)
        do {
          try await ports.store.renewLease(
            of: session.run, epoch: session.epoch, now: ports.clock.moment, duration: ports.leaseTiming.duration)
        } catch let error as RecoverError where error.code == .leaseLost {
          return control.ask(.stop(Cause(error)))
        } catch {
          // A full disk: the next append says so, and the lease lasts for several beats.
          continue
        }
      }
    } while: {
      try await body()
    }
  }

  /// Watches the lock on the target while `body` works; asks to stop when it is lost.
  func withLockWatch(_ lock: any HeldTargetLock, _ body: () async throws -> Void) async throws {
    try await withTask {
      while !Task.isCancelled {
        try await ports.clock.sleep(for: ports.leaseTiming.heartbeat)
        if await lock.isHeld() { continue }
        let cause = Cause(
          code: .leaseLost, message: "the lock on the target was lost: its server restarted or the connection broke",
          hint: "resume the run once the server is back")
        return control.ask(.stop(cause))
      }
    } while: {
      try await body()
    }
  }

  /// Runs `background` beside `body` and ends it with it.
  private func withTask<Value: Sendable>(
    _ background: @escaping @Sendable () async throws -> Void, while body: () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try? await background() }
      do {
        let value = try await body()
        group.cancelAll()
        return value
      } catch {
        group.cancelAll()
        throw error
      }
    }
  }
}
