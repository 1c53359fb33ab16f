package import RecoverBase
package import RecoverCore
package import RecoverEngine
internal import Synchronization

/// A store in memory: what the simulation journals to, under the same conformance suite as SQLite.
///
/// Its content is a value, ``Image``: a copy of it is what a crash at that moment would leave on the disk.
package final class MemoryStore: Sendable {
  /// Everything that the store holds.
  package struct Image: Sendable {
    fileprivate var runs: [RunID: StoredRun] = [:]
    fileprivate var leases: [String: Lease] = [:]
    fileprivate var requests: [RunRequest.StoredRequest] = []

    package init() {}
  }

  fileprivate struct StoredRun: Sendable {
    var summary: RunSummary
    var state = RunState.planned
    var records: [JournalRecord]
    /// What the records hold, so that a judge need not decode them.
    var events: [RunEvent]
  }

  private let content: Mutex<Image>

  package init(_ image: Image = Image()) { content = Mutex(image) }

  /// What the store holds now.
  package var image: Image { content.withLock { $0 } }

  /// The state that a run's last record led to, without reading them.
  package func state(of run: RunID) -> RunState? { content.withLock { $0.runs[run]?.state } }

  /// A run's records with their events.
  package func journal(of run: RunID) -> [(record: JournalRecord, event: RunEvent)] {
    content.withLock { image in
      guard let stored = image.runs[run] else { return [] }
      return zip(stored.records, stored.events).map { (record: $0, event: $1) }
    }
  }

  /// How many records a run has, without reading them.
  package func recordCount(of run: RunID) -> Int { content.withLock { $0.runs[run]?.records.count ?? 0 } }

  /// The lease of a target, without waiting.
  package func lease(of target: String) -> Lease? { content.withLock { $0.leases[target] } }
}

extension RunRequest {
  fileprivate struct StoredRequest: Sendable {
    var run: RunID
    var request: RunRequest
    var consumedBy: Int64?
  }
}

extension MemoryStore: RunStore {
  package func create(_ run: RunID, plan: Plan, at times: RecordTimes) async throws {
    let hash = try plan.hash()
    let event = RunEvent.planned(plan: plan, hash: hash)
    let record = try JournalRecord(
      run: run, after: nil, epoch: 0, wallTime: times.wall, monotonicTime: times.monotonic, event: event)
    try content.withLock { image in
      let claim = image.runs.values.first { $0.summary.target.key == plan.target.key && !$0.summary.isTerminal }
      if let claim {
        throw RecoverError(.claimed, "\(plan.target.key) is claimed by run \(claim.summary.run)")
      }
      guard image.runs[run] == nil else { throw RecoverError(.journal, "there is a run \(run) already") }
      let summary = RunSummary(
        run: run, target: plan.target, procedure: plan.procedure, planHash: hash, createdAt: times.wall,
        updatedAt: times.wall, state: RunState.planned.name, isTerminal: false)
      image.runs[run] = StoredRun(summary: summary, records: [record], events: [event])
    }
  }

  @discardableResult
  package func append(
    _ event: RunEvent, to run: RunID, epoch: Int64, state: RunState, at times: RecordTimes, consuming: [Int64]
  ) async throws -> JournalRecord {
    try content.withLock { image in
      guard let stored = image.runs[run], let lease = image.leases[stored.summary.target.key], lease.epoch == epoch,
        lease.run == run
      else { throw RecoverError(.leaseLost, "another runner has taken over run \(run)") }
      let record = try JournalRecord(
        run: run, after: stored.records.last?.link, epoch: epoch, wallTime: times.wall,
        monotonicTime: times.monotonic, event: event)
      image.runs[run]?.records.append(record)
      image.runs[run]?.events.append(event)
      image.runs[run]?.summary.updatedAt = times.wall
      image.runs[run]?.summary.state = state.name
      image.runs[run]?.state = state
      image.runs[run]?.summary.isTerminal = state.isTerminal
      for index in image.requests.indices where consuming.contains(image.requests[index].request.id) {
        image.requests[index].consumedBy = record.sequence
      }
      return record
    }
  }

  /// Not checked: nobody can change what is in memory.
  package func records(of run: RunID) async throws -> [JournalRecord] {
    guard let records = content.withLock({ $0.runs[run]?.records }) else {
      throw RecoverError(.usage, "there is no run \(run)")
    }
    return records
  }

  package func runs(of target: String?) async throws -> [RunSummary] {
    content.withLock { image in
      image.runs.values.map(\.summary).filter { target == nil || $0.target.key == target }
        .sorted { ($0.createdAt, $0.run.text) < ($1.createdAt, $1.run.text) }
    }
  }
}

// MARK: - Leases and requests

extension MemoryStore {
  package func acquireLease(
    for run: RunID, owner: RunnerIdentity, now: Moment, duration: Duration,
    isAlive: @Sendable (RunnerIdentity) -> Bool
  ) async throws -> AcquiredLease {
    try content.withLock { image in
      guard let target = image.runs[run]?.summary.target.key else {
        throw RecoverError(.usage, "there is no run \(run)")
      }
      let current = image.leases[target]
      if let current, let holder = current.owner, holder != owner,
        current.isLive(now: now, bootID: owner.bootID, isAlive: isAlive)
      {
        throw RecoverError(.claimed, "\(target) is leased to run \(current.run): pid \(holder.pid)")
      }
      let epoch = (current?.epoch ?? 0) + 1
      let predecessors = current?.predecessors(of: owner) ?? []
      image.leases[target] = Lease(
        target: target, run: run, epoch: epoch, owner: owner, predecessors: predecessors, expiresAt: now + duration)
      return AcquiredLease(epoch: epoch, predecessors: predecessors)
    }
  }

  package func renewLease(of run: RunID, epoch: Int64, now: Moment, duration: Duration) async throws {
    try changeLease(of: run, epoch: epoch) { $0.expiresAt = now + duration }
  }

  package func releaseLease(of run: RunID, epoch: Int64) async throws {
    try? changeLease(of: run, epoch: epoch) { $0.owner = nil }
  }

  package func forgetPredecessors(of run: RunID, epoch: Int64) async throws {
    try changeLease(of: run, epoch: epoch) { $0.predecessors = [] }
  }

  private func changeLease(of run: RunID, epoch: Int64, _ change: (inout Lease) -> Void) throws {
    try content.withLock { image in
      guard let target = image.runs[run]?.summary.target.key, var lease = image.leases[target], lease.run == run,
        lease.epoch == epoch, lease.owner != nil
      else { throw RecoverError(.leaseLost, "another runner has taken over run \(run)") }
      change(&lease)
      image.leases[target] = lease
    }
  }

  package func leases() async throws -> [Lease] {
    content.withLock { $0.leases.values.sorted { $0.target < $1.target } }
  }

  package func breakLease(of target: String) async throws {
    try content.withLock { image in
      guard image.leases[target] != nil else { throw RecoverError(.usage, "no lease is known for \(target)") }
      image.leases[target]?.breakOff()
    }
  }

  package func request(_ kind: RunRequest.Kind, of run: RunID, by person: String, at time: WallTime) async throws {
    try content.withLock { image in
      guard image.runs[run] != nil else { throw RecoverError(.journal, "there is no run \(run)") }
      let request = RunRequest(id: Int64(image.requests.count) + 1, kind: kind, person: person, requestedAt: time)
      image.requests.append(RunRequest.StoredRequest(run: run, request: request, consumedBy: nil))
    }
  }

  package func pendingRequests(of run: RunID) async throws -> [RunRequest] {
    content.withLock { image in
      image.requests.filter { $0.run == run && $0.consumedBy == nil }.map(\.request)
    }
  }
}

extension MemoryStore.Image {
  /// A number that grows with every record, lease and request; equal for two images with nothing between.
  package var size: Int {
    runs.values.reduce(0) { $0 + $1.records.count } + requests.count + requests.count { $0.consumedBy != nil }
      + leases.values.reduce(0) { $0 + Int($1.epoch) * 2 + ($1.owner == nil ? 1 : 0) }
  }
}

// MARK: - For scripts, which can't wait

extension MemoryStore {
  /// Leaves a request, as another process would.
  package func leave(_ kind: RunRequest.Kind, of run: RunID, by person: String, at time: WallTime) {
    content.withLock { image in
      let request = RunRequest(id: Int64(image.requests.count) + 1, kind: kind, person: person, requestedAt: time)
      image.requests.append(RunRequest.StoredRequest(run: run, request: request, consumedBy: nil))
    }
  }

  /// Breaks every lease, as `recover lock break` would.
  package func breakAnyLease() {
    content.withLock { image in
      for target in image.leases.keys { image.leases[target]?.breakOff() }
    }
  }
}

extension Lease {
  fileprivate mutating func breakOff() {
    predecessors += [owner].compactMap(\.self)
    owner = nil
    epoch += 1
  }
}
