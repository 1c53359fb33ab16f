internal import FoundationEssentials
internal import GRDB
package import RecoverBase
package import RecoverCore

extension SQLiteStore: RunStore {
  package func acquireLease(
    for run: RunID, owner: RunnerIdentity, now: Moment, duration: Duration,
    isAlive: @Sendable (RunnerIdentity) -> Bool
  ) async throws -> AcquiredLease {
    let current = try await lease(ofRun: run)
    if let current, let holder = current.owner, holder != owner,
      current.isLive(now: now, bootID: owner.bootID, isAlive: isAlive)
    {
      throw Self.claimed(current, by: holder)
    }
    let expiry = (now + duration).nanoseconds
    return try await transaction("take a lease in") { database in
      let target = try Self.target(of: run, database)
      let latest = try Self.lease(of: target, database)
      // Somebody else was faster between the look and this transaction.
      guard latest == current else { throw Self.claimed(latest, by: latest?.owner) }
      let epoch = (latest?.epoch ?? 0) + 1
      let predecessors = latest?.predecessors(of: owner) ?? []
      try database.execute(
        sql: """
          INSERT INTO lease (target, run, epoch, owner, predecessors, expires_ns) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (target) DO UPDATE SET run = excluded.run, epoch = excluded.epoch, owner = excluded.owner,
            predecessors = excluded.predecessors, expires_ns = excluded.expires_ns
          """,
        arguments: [target, run.text, epoch, try Self.text(of: owner), try Self.text(of: predecessors), expiry])
      return AcquiredLease(epoch: epoch, predecessors: predecessors)
    }
  }

  package func renewLease(of run: RunID, epoch: Int64, now: Moment, duration: Duration) async throws {
    let expiry = (now + duration).nanoseconds
    let changed = try await transaction("renew a lease in") { database in
      try database.execute(
        sql: "UPDATE lease SET expires_ns = ? WHERE run = ? AND epoch = ? AND owner IS NOT NULL",
        arguments: [expiry, run.text, epoch])
      return database.changesCount
    }
    guard changed == 1 else {
      throw RecoverError(.leaseLost, "another runner has taken over run \(run)", hint: "recover show \(run) tells who")
    }
  }

  package func releaseLease(of run: RunID, epoch: Int64) async throws {
    try await transaction("release a lease in") { database in
      try database.execute(
        sql: "UPDATE lease SET owner = NULL WHERE run = ? AND epoch = ?", arguments: [run.text, epoch])
    }
  }

  package func forgetPredecessors(of run: RunID, epoch: Int64) async throws {
    let changed = try await transaction("note a takeover in") { database in
      try database.execute(
        sql: "UPDATE lease SET predecessors = '[]' WHERE run = ? AND epoch = ?", arguments: [run.text, epoch])
      return database.changesCount
    }
    guard changed == 1 else {
      throw RecoverError(.leaseLost, "another runner has taken over run \(run)", hint: "recover show \(run) tells who")
    }
  }

  package func leases() async throws -> [Lease] {
    try await reading { database in
      try Row.fetchAll(database, sql: "SELECT * FROM lease ORDER BY target").map(Self.lease)
    }
  }

  package func breakLease(of target: String) async throws {
    let isKnown = try await transaction("break a lease in") { database in
      guard let lease = try Self.lease(of: target, database) else { return false }
      let predecessors = lease.predecessors + [lease.owner].compactMap(\.self)
      // The epoch grows, so that the old runner, should it still be there, can't append any more.
      try database.execute(
        sql: "UPDATE lease SET owner = NULL, predecessors = ?, epoch = epoch + 1 WHERE target = ?",
        arguments: [try Self.text(of: predecessors), target])
      return true
    }
    guard isKnown else { throw RecoverError(.usage, "no lease is known for \(target)") }
  }

  package func request(_ kind: RunRequest.Kind, of run: RunID, by person: String, at time: WallTime) async throws {
    try await transaction("write to") { database in
      try database.execute(
        sql: "INSERT INTO request (run, kind, person, requested_us) VALUES (?, ?, ?, ?)",
        arguments: [run.text, kind.rawValue, person, time.microseconds])
    }
  }

  package func pendingRequests(of run: RunID) async throws -> [RunRequest] {
    try await reading { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM request WHERE run = ? AND consumed_by IS NULL ORDER BY id", arguments: [run.text]
      ).map { row in
        let id: Int64 = try row.stored("id")
        guard let kind = RunRequest.Kind(rawValue: try row.stored("kind")) else {
          throw RecoverError(.journal, "request \(id) has an unknown kind", hint: "a newer recover may have written it")
        }
        return RunRequest(
          id: id, kind: kind, person: try row.stored("person"),
          requestedAt: WallTime(microseconds: try row.stored("requested_us")))
      }
    }
  }

  private func lease(ofRun run: RunID) async throws -> Lease? {
    try await reading { try Self.lease(of: Self.target(of: run, $0), $0) }
  }

  private static func target(of run: RunID, _ database: Database) throws -> String {
    let target = try String.fetchOne(database, sql: "SELECT target FROM run WHERE id = ?", arguments: [run.text])
    guard let target else { throw RecoverError(.usage, "there is no run \(run)", hint: "recover runs lists them") }
    return target
  }

  private static func lease(of target: String, _ database: Database) throws -> Lease? {
    try Row.fetchOne(database, sql: "SELECT * FROM lease WHERE target = ?", arguments: [target]).map(lease)
  }

  private static func lease(_ row: Row) throws -> Lease {
    guard let run = RunID(try row.stored("run")) else { throw Row.damaged("run") }
    let owner: String? = try row.storedIfPresent("owner")
    return Lease(
      target: try row.stored("target"), run: run, epoch: try row.stored("epoch"),
      owner: try owner.map { try runners(RunnerIdentity.self, $0) },
      predecessors: try runners([RunnerIdentity].self, try row.stored("predecessors")),
      expiresAt: Moment(nanoseconds: try row.stored("expires_ns")))
  }

  private static func runners<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    do { return try JSONValue.decode(type, from: Array(text.utf8)) } catch { throw Row.damaged("runners of a lease") }
  }

  private static func text(of value: some Encodable) throws -> String {
    String(decoding: try JSONValue.canonicalBytes(of: value), as: UTF8.self)
  }

  private static func claimed(_ lease: Lease?, by holder: RunnerIdentity?) -> RecoverError {
    guard let lease, let holder else {
      return RecoverError(.claimed, "another runner took the target at the same time")
    }
    return RecoverError(
      .claimed,
      "\(lease.target) is leased to run \(lease.run): pid \(holder.pid) of \(holder.user) on \(holder.host)",
      hint: "wait for it, or end that process; a dead runner's lease needs no breaking")
  }

  static func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }
}
