internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// The store as one process sees it: every append is crossed before and after.
struct ProcessStore: RunStore {
  let process: SimulatedProcess
  private var store: MemoryStore { process.simulation.store }

  init(process: SimulatedProcess) { self.process = process }

  func create(_ run: RunID, plan: Plan, at times: RecordTimes) async throws {
    try process.check()
    try await store.create(run, plan: plan, at: times)
  }

  func append(
    _ event: RunEvent, to run: RunID, epoch: Int64, state: RunState, at times: RecordTimes, consuming: [Int64]
  ) async throws -> JournalRecord {
    let point = event.step.map { "\(event.kind).\($0)" } ?? event.kind
    try await process.cross("before append \(point)")
    let record = try await store.append(event, to: run, epoch: epoch, state: state, at: times, consuming: consuming)
    try await process.cross("after append \(point)")
    return record
  }

  func records(of run: RunID) async throws -> [JournalRecord] { try await store.records(of: run) }
  func runs(of target: String?) async throws -> [RunSummary] { try await store.runs(of: target) }

  func acquireLease(
    for run: RunID, owner: RunnerIdentity, now: Moment, duration: Duration,
    isAlive: @Sendable (RunnerIdentity) -> Bool
  ) async throws -> AcquiredLease {
    try await process.cross("before lease")
    let lease = try await store.acquireLease(for: run, owner: owner, now: now, duration: duration, isAlive: isAlive)
    try await process.cross("after lease")
    return lease
  }

  func renewLease(of run: RunID, epoch: Int64, now: Moment, duration: Duration) async throws {
    try process.check()
    try await store.renewLease(of: run, epoch: epoch, now: now, duration: duration)
  }

  func releaseLease(of run: RunID, epoch: Int64) async throws {
    try await process.cross("before release")
    try await store.releaseLease(of: run, epoch: epoch)
    try await process.cross("after release")
  }

  func forgetPredecessors(of run: RunID, epoch: Int64) async throws {
    try await process.cross("before forgetting predecessors")
    try await store.forgetPredecessors(of: run, epoch: epoch)
    try await process.cross("after forgetting predecessors")
  }

  func leases() async throws -> [Lease] { try await store.leases() }

  func breakLease(of target: String) async throws {
    try process.check()
    try await store.breakLease(of: target)
  }

  func request(_ kind: RunRequest.Kind, of run: RunID, by person: String, at time: WallTime) async throws {
    try process.check()
    try await store.request(kind, of: run, by: person, at: time)
  }

  func pendingRequests(of run: RunID) async throws -> [RunRequest] {
    try process.glance("look for requests")
    return try await store.pendingRequests(of: run)
  }
}

/// Ends a runner of before and its journaled children.
struct SimulatedFence: Fence {
  let process: SimulatedProcess

  func endPredecessor(
    _ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64
  ) async throws {
    try await process.cross("before fence")
    if let owner, owner != process.identity { process.simulation.kill(owner.pid) }
    let pids = Set(children.compactMap { $0["pid"]?.integer })
    process.simulation.change { world in
      world.children.removeAll { pids.contains(Int64($0.pid)) && $0.epoch < epoch }
    }
    try await process.cross("after fence")
  }
}

/// The lock on the simulated target, which dies with its process.
struct SimulatedLocker: TargetLocker {
  let process: SimulatedProcess

  func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock {
    try process.check()
    try process.simulation.change { world in
      if let holder = world.lockHolder, holder != process.pid {
        throw RecoverError(.claimed, "the target is locked by pid \(holder)")
      }
      world.lockHolder = process.pid
    }
    return SimulatedLock(process: process)
  }
}

private struct SimulatedLock: HeldTargetLock {
  let process: SimulatedProcess

  func isHeld() async -> Bool { process.simulation.world.lockHolder == process.pid }

  func release() async {
    guard (try? process.check()) != nil else { return }
    process.simulation.change { world in
      if world.lockHolder == process.pid { world.lockHolder = nil }
    }
  }
}
