internal import RecoverBase
package import RecoverCore

/// Performs runs: the only loop of the engine.
///
/// It asks the run's machine what is next, does it through the step's driver, and journals what came of it.
/// Everything that it decides by itself is here; what happens to a run is decided in `RecoverCore`.
package struct Runner: Sendable {
  let ports: RunnerPorts
  let control: RunControl

  package init(ports: RunnerPorts, control: RunControl) {
    self.ports = ports
    self.control = control
  }

  /// How a runner takes up a run.
  package enum Entry: Sendable, Hashable {
    case start(confirmedBy: String)
    case resume(by: String)
    case cancel(by: String)
    case approve(by: String)
    case reject(by: String)
    case compensate(by: String)
    case abandon(by: String)
  }

  /// Takes the run's lease, fences off its last runner, and works until nothing is left to do.
  ///
  /// - Returns: the run as it stands when the runner stops: terminal, paused, waiting or in need of an operator.
  /// - Throws: `claimed` or `leaseLost` (another runner holds it), `journal` (it can't be written); whatever is
  ///   thrown, the journal says the truth and the run can be resumed.
  package func perform(_ run: RunID, _ entry: Entry) async throws -> RunMachine {
    let before = try await History(of: run, in: ports.store)
    // A script that resumes until the run has ended need not know whether the last runner died at the very end.
    if case .resume = entry, before.machine.state.isTerminal { return before.machine }
    try check(entry, against: before)
    let lease = try await ports.store.acquireLease(
      for: run, owner: ports.identity, now: ports.clock.moment, duration: ports.leaseTiming.duration,
      isAlive: ports.isAlive)
    do {
      // Read again: until the lease was ours, another runner may have gone on.
      let history = try await before.refreshed(from: ports.store)
      try check(entry, against: history)
      let session = RunSession(
        run: run, epoch: lease.epoch, machine: history.machine, children: history.children, store: ports.store,
        clock: ports.clock, observer: ports.observer, crashPoints: ports.crashPoints)
      let machine = try await withHeartbeat(session) { try await hold(session, entry, after: lease.predecessors) }
      // The run ended as its journal says, also when the lease can't be given back: it runs out by itself.
      try? await ports.store.releaseLease(of: run, epoch: lease.epoch)
      return machine
    } catch let error as RecoverError where error.code == .leaseLost {
      throw error
    } catch {
      try? await ports.store.releaseLease(of: run, epoch: lease.epoch)
      throw error
    }
  }

  private func check(_ entry: Entry, against history: History) throws {
    let machine = history.machine
    guard !machine.state.isTerminal else {
      throw RecoverError(.usage, "run \(history.run) has ended: it is \(machine.state.name)")
    }
    if case .compensate = entry, machine.isPivotStanding {
      throw RecoverError(
        .usage, "run \(history.run) is past its pivot: undoing it would lose what was accepted since",
        hint: "recover resume \(history.run) tries again, recover abandon \(history.run) ends it as it stands")
    }
    switch (entry, machine.state) {
    case (.start, .planned), (.resume, _), (.cancel, _), (.approve, .waiting), (.reject, .waiting),
      (.abandon, .needsOperator), (.abandon, .paused), (.abandon, .planned):
      break
    case (.compensate, .needsOperator(.running)) where !machine.isPivotStanding,
      (.compensate, .needsOperator(.compensating)):
      break
    case (.start, _), (.approve, _), (.reject, _), (.compensate, _), (.abandon, _):
      throw RecoverError(
        .usage, "run \(history.run) is \(machine.state.name): that can't be done with it now",
        hint: "recover show \(history.run) says what can")
    }
  }

  /// Fences off what was before, locks the target, journals the entry, and works.
  private func hold(
    _ session: RunSession, _ entry: Entry, after predecessors: [RunnerIdentity]
  ) async throws -> RunMachine {
    let plan = await session.machine.plan
    if case .abandon(let by) = entry { return try await abandon(session, by: by) }
    try await endPredecessors(predecessors, session)
    let lock: any HeldTargetLock
    do {
      lock = try await ports.locker.lock(plan, run: session.run, epoch: session.epoch)
    } catch {
      // A run that never began has nothing to resume: it ends here, and its claim with it.
      guard case .start = entry else { throw error }
      try await session.record(.refused(cause: Cause(error)))
      return await session.machine
    }
    do {
      try await enter(session, entry)
      try await withLockWatch(lock) { try await drive(session) }
    } catch {
      await lock.release()
      throw error
    }
    await lock.release()
    return await session.machine
  }

  /// Ends whoever held the lease before and did not give it back, then whatever they left running.
  private func endPredecessors(_ predecessors: [RunnerIdentity], _ session: RunSession) async throws {
    let (plan, children) = (await session.machine.plan, await session.children)
    for owner in predecessors.isEmpty ? [nil] : predecessors.map(Optional.some) {
      try await ports.fence.endPredecessor(
        owner, children: children, run: session.run, plan: plan, epoch: session.epoch)
    }
    guard !predecessors.isEmpty else { return }
    try await ports.store.forgetPredecessors(of: session.run, epoch: session.epoch)
  }

  private func abandon(_ session: RunSession, by person: String) async throws -> RunMachine {
    if case .planned = await session.machine.state {
      let cause = Cause(code: .cancelled, message: "abandoned by \(person) before it began")
      try await session.record(.refused(cause: cause))
    } else {
      try await session.record(.abandoned(by: person))
    }
    return await session.machine
  }

  /// Journals why this runner goes on.
  private func enter(_ session: RunSession, _ entry: Entry) async throws {
    let state = await session.machine.state
    switch entry {
    case .start(let person): try await session.record(.started(confirmedBy: person))
    case .resume(let person): try await resume(session, by: person, from: state)
    case .cancel(let person), .reject(let person):
      let cause = Cause(code: .cancelled, message: "cancelled by \(person)")
      switch state {
      case .planned: return try await session.record(.refused(cause: cause))
      case .running, .waiting: try await session.record(.resumed(by: person, grant: false))
      case .paused: break
      case .compensating, .finalizing: return try await session.record(.resumed(by: person, grant: false))
      case .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned:
        throw RecoverError(
          .usage, "run \(session.run) is \(state.name)",
          hint: "recover resume \(session.run) tries again, recover compensate \(session.run) goes back")
      }
      try await session.record(.failing(cause: cause, pivotDisproved: await disprovesPivot(session)))
    case .approve(let person):
      guard case .waiting(let step, let until) = state else { return }
      try await session.record(.resumed(by: person, grant: false))
      // Too late: the loop sees that the time is over, and goes back.
      guard ports.clock.wallTime < until else { return }
      try await session.record(.approved(step: step, by: person), consuming: try await pending(session, .approve))
    case .compensate(let person): try await session.record(.compensateRequested(by: person))
    case .abandon: break
    }
  }

  private func resume(_ session: RunSession, by person: String, from state: RunState) async throws {
    switch state {
    case .planned: try await session.record(.started(confirmedBy: person))
    // A person who resumes what was given up or paused grants new attempts; a crash grants none (I10).
    case .paused, .needsOperator: try await session.record(.resumed(by: person, grant: true))
    case .running, .waiting, .compensating, .finalizing, .succeeded, .rolledBack, .failedClean, .abandoned:
      try await session.record(.resumed(by: person, grant: false))
    }
  }
}

/// What a runner works with; the composition makes the real ones, the simulation its own.
package struct RunnerPorts: Sendable {
  package var store: any RunStore
  package var catalog: any StepCatalog
  package var clock: any EngineClock
  package var fence: any Fence
  package var locker: any TargetLocker
  package var observer: any RunObserver
  package var identity: RunnerIdentity
  /// Whether a runner's process still exists.
  package var isAlive: @Sendable (RunnerIdentity) -> Bool
  /// The directory for logs and spooled files of a run.
  package var directory: @Sendable (RunID) -> String
  package var leaseTiming: LeaseTiming
  package var crashPoints: CrashPoints

  package init(
    store: any RunStore, catalog: any StepCatalog, clock: any EngineClock, fence: any Fence,
    locker: any TargetLocker, observer: any RunObserver, identity: RunnerIdentity,
    isAlive: @escaping @Sendable (RunnerIdentity) -> Bool, directory: @escaping @Sendable (RunID) -> String,
    leaseTiming: LeaseTiming, crashPoints: CrashPoints
  ) {
    self.store = store
    self.catalog = catalog
    self.clock = clock
    self.fence = fence
    self.locker = locker
    self.observer = observer
    self.identity = identity
    self.isAlive = isAlive
    self.directory = directory
    self.leaseTiming = leaseTiming
    self.crashPoints = crashPoints
  }
}

/// How long a lease lasts and how often it is renewed.
package struct LeaseTiming: Sendable, Hashable {
  package var duration: Duration
  package var heartbeat: Duration

  package init(duration: Duration) {
    self.duration = duration
    heartbeat = duration / 6
  }

  package static let standard = LeaseTiming(duration: .seconds(30))
}
