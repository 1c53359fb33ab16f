package import RecoverBase
package import RecoverCore

/// Where runs live: their journals, the leases of their targets, and the requests that people make of them.
///
/// A protocol with a conformance suite (`RunStoreConformance` in the tests): SQLite here, memory in the
/// simulation, PostgreSQL for fleets later.
package protocol RunStore: Sendable {
  /// Journals a new run's plan and claims its target.
  ///
  /// - Throws: ``RecoverError`` `claimed` while the target has a run that is not terminal.
  func create(_ run: RunID, plan: Plan, at times: RecordTimes) async throws

  /// Appends an event, durably, and marks the requests as consumed in the same transaction.
  ///
  /// - Parameter state: the run's state once the event is folded; kept as an index only.
  /// - Throws: `leaseLost` when the epoch is not the target's newest; `noSpace` when the disk is full and the event
  ///   ``RecoverCore/RunEvent/goesOn(in:)``, so that what room is kept back serves the way back: the journal is as
  ///   it was; `journal` when it can't be written.
  @discardableResult
  func append(
    _ event: RunEvent, to run: RunID, epoch: Int64, state: RunState, at times: RecordTimes, consuming: [Int64]
  ) async throws -> JournalRecord

  /// A run's records in order, checked for gaps and changes.
  func records(of run: RunID) async throws -> [JournalRecord]

  /// All runs, oldest first; of one target only if given.
  func runs(of target: String?) async throws -> [RunSummary]

  /// Takes the lease of a run's target with a new epoch.
  ///
  /// - Parameter isAlive: whether a runner's process still exists, on this host and in this boot.
  /// - Throws: `claimed` while a living runner's lease has not expired.
  func acquireLease(
    for run: RunID, owner: RunnerIdentity, now: Moment, duration: Duration,
    isAlive: @Sendable (RunnerIdentity) -> Bool
  ) async throws -> AcquiredLease

  /// Extends a lease.
  ///
  /// - Throws: `leaseLost` when another epoch has taken over.
  func renewLease(of run: RunID, epoch: Int64, now: Moment, duration: Duration) async throws

  /// Gives a lease back; nothing happens when it is no longer ours.
  func releaseLease(of run: RunID, epoch: Int64) async throws

  /// The lease of each target that was ever leased.
  func leases() async throws -> [Lease]

  /// Says that all runners before the epoch were proved dead, so that no later one has to end them again.
  ///
  /// - Throws: `leaseLost` when another epoch has taken over.
  func forgetPredecessors(of run: RunID, epoch: Int64) async throws

  /// Breaks a target's lease, so that the next runner may take over at once; it then ends the old one.
  func breakLease(of target: String) async throws

  /// Leaves a request for whoever holds the run's lease.
  func request(_ kind: RunRequest.Kind, of run: RunID, by person: String, at time: WallTime) async throws

  /// The requests that nobody has consumed, oldest first.
  func pendingRequests(of run: RunID) async throws -> [RunRequest]
}

/// When a record was made: civil time for people, monotonic time for durations.
package struct RecordTimes: Sendable, Hashable {
  package var wall: WallTime
  package var monotonic: Moment

  package init(wall: WallTime, monotonic: Moment) {
    self.wall = wall
    self.monotonic = monotonic
  }
}

/// A run in a list.
package struct RunSummary: Sendable, Hashable {
  package var run: RunID
  package var target: Target
  package var procedure: String
  package var planHash: Digest
  package var createdAt: WallTime
  package var updatedAt: WallTime
  /// The name of the state after the last record.
  package var state: String
  package var isTerminal: Bool

  package init(
    run: RunID, target: Target, procedure: String, planHash: Digest, createdAt: WallTime, updatedAt: WallTime,
    state: String, isTerminal: Bool
  ) {
    self.run = run
    self.target = target
    self.procedure = procedure
    self.planHash = planHash
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.state = state
    self.isTerminal = isTerminal
  }
}

/// Who may act on a target, and until when.
package struct Lease: Sendable, Hashable {
  package var target: String
  package var run: RunID
  package var epoch: Int64
  /// Nil once released.
  package var owner: RunnerIdentity?
  /// Runners before the owner that were not proved dead; oldest first.
  package var predecessors: [RunnerIdentity]
  /// By the boot clock of the owner's machine.
  package var expiresAt: Moment

  package init(
    target: String, run: RunID, epoch: Int64, owner: RunnerIdentity?, predecessors: [RunnerIdentity],
    expiresAt: Moment
  ) {
    self.target = target
    self.run = run
    self.epoch = epoch
    self.owner = owner
    self.predecessors = predecessors
    self.expiresAt = expiresAt
  }

  /// Whether the owner may still act: its process lives, in this boot, and the lease has not run out.
  package func isLive(now: Moment, bootID: String, isAlive: (RunnerIdentity) -> Bool) -> Bool {
    guard let owner, owner.bootID == bootID, isAlive(owner) else { return false }
    return now < expiresAt
  }

  /// Whom a runner that takes the lease now has to end.
  package func predecessors(of successor: RunnerIdentity) -> [RunnerIdentity] {
    (predecessors + [owner].compactMap(\.self)).filter { $0 != successor }
  }
}

/// A lease that was just taken, and from whom.
package struct AcquiredLease: Sendable, Hashable {
  package var epoch: Int64
  /// The runners that held it, did not give it back, and were not proved dead since; oldest first.
  ///
  /// More than one when a runner died between taking the lease and ending the one before.
  package var predecessors: [RunnerIdentity]

  package init(epoch: Int64, predecessors: [RunnerIdentity]) {
    self.epoch = epoch
    self.predecessors = predecessors
  }
}

/// What a person asked of a run that another process may hold.
package struct RunRequest: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, Codable {
    case pause, cancel, approve, reject

    /// Whether it answers a step that waits for approval.
    package var isAnswer: Bool { self == .approve || self == .reject }
  }

  package var id: Int64
  package var kind: Kind
  package var person: String
  package var requestedAt: WallTime

  package init(id: Int64, kind: Kind, person: String, requestedAt: WallTime) {
    self.id = id
    self.kind = kind
    self.person = person
    self.requestedAt = requestedAt
  }
}
