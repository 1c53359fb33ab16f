internal import GRDB
internal import RecoverBase
package import RecoverCore

extension SQLiteStore {
  package func create(_ run: RunID, plan: Plan, at times: RecordTimes) async throws {
    let hash = try plan.hash()
    let record = try JournalRecord(
      run: run, after: nil, epoch: 0, wallTime: times.wall, monotonicTime: times.monotonic,
      event: .planned(plan: plan, hash: hash))
    try await transaction("write to") { database in
      try Self.refuseClaimed(plan.target, database)
      try database.execute(
        sql: """
          INSERT INTO run (id, target, target_kind, target_identity, target_name, procedure, plan_hash, created_us,
            updated_us, state, is_terminal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
          """,
        arguments: [
          run.text, plan.target.key, plan.target.kind.rawValue, plan.target.identity, plan.target.name,
          plan.procedure, hash.hex, times.wall.microseconds, times.wall.microseconds, RunState.planned.name,
        ])
      try Self.insert(record, database)
    }
  }

  /// A target with a run that is not terminal is claimed, whether or not anybody holds its lease.
  private static func refuseClaimed(_ target: Target, _ database: Database) throws {
    let claim = try Row.fetchOne(
      database, sql: "SELECT id, state FROM run WHERE target = ? AND is_terminal = 0", arguments: [target.key])
    guard let claim else { return }
    let (run, state): (String, String) = (try claim.stored("id"), try claim.stored("state"))
    throw RecoverError(
      .claimed, "\(target.kind.rawValue) \(target.name) is claimed by run \(run), which is \(state)",
      hint: "recover show \(run) tells more; recover resume \(run) goes on, recover cancel \(run) goes back")
  }

  @discardableResult
  package func append(
    _ event: RunEvent, to run: RunID, epoch: Int64, state: RunState, at times: RecordTimes, consuming: [Int64]
  ) async throws -> JournalRecord {
    let (name, isTerminal) = (state.name, state.isTerminal)
    return try await transaction("write to", isGoingOn: event.goesOn(in: state)) { database in
      try Self.refuseStale(epoch: epoch, of: run, database)
      let record = try JournalRecord(
        run: run, after: try Self.lastLink(of: run, database), epoch: epoch, wallTime: times.wall,
        monotonicTime: times.monotonic, event: event)
      try Self.insert(record, database)
      try database.cachedStatement(sql: "UPDATE run SET updated_us = ?, state = ?, is_terminal = ? WHERE id = ?")
        .execute(arguments: [times.wall.microseconds, name, isTerminal, run.text])
      for request in consuming {
        try database.execute(
          sql: "UPDATE request SET consumed_by = ? WHERE id = ?", arguments: [record.sequence, request])
      }
      return record
    }
  }

  private static func lastLink(of run: RunID, _ database: Database) throws -> JournalLink? {
    let statement = try database.cachedStatement(
      sql: "SELECT sequence, hash FROM event WHERE run = ? ORDER BY sequence DESC LIMIT 1")
    guard let row = try Row.fetchOne(statement, arguments: [run.text]) else { return nil }
    return JournalLink(sequence: try row.stored("sequence"), hash: try row.storedBytes("hash"))
  }

  /// I5: a runner whose epoch is not the newest of the target writes nothing.
  private static func refuseStale(epoch: Int64, of run: RunID, _ database: Database) throws {
    let statement = try database.cachedStatement(
      sql: "SELECT lease.epoch, lease.run FROM lease JOIN run ON run.target = lease.target WHERE run.id = ?")
    let row = try Row.fetchOne(statement, arguments: [run.text])
    guard let row, try row.stored("epoch") == epoch, try row.stored("run") == run.text else {
      throw RecoverError(
        .leaseLost, "another runner has taken over run \(run)", hint: "recover show \(run) tells who")
    }
  }

  private static func insert(_ record: JournalRecord, _ database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO event (run, sequence, epoch, wall_us, monotonic_ns, kind, payload, previous_hash, hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      record.run.text, record.sequence, record.epoch, record.wallTime.microseconds,
      record.monotonicTime.nanoseconds, record.kind, Self.blob(record.payload), Self.blob(record.previousHash),
      Self.blob(record.hash),
    ])
  }

  package func records(of run: RunID) async throws -> [JournalRecord] {
    let records = try await reading { database in
      try Row.fetchAll(database, sql: "SELECT * FROM event WHERE run = ? ORDER BY sequence", arguments: [run.text])
        .map { row in
          JournalRecord(
            run: run, sequence: try row.stored("sequence"), epoch: try row.stored("epoch"),
            wallTime: WallTime(microseconds: try row.stored("wall_us")),
            monotonicTime: Moment(nanoseconds: try row.stored("monotonic_ns")), kind: try row.stored("kind"),
            payload: try row.storedBytes("payload"), previousHash: try row.storedBytes("previous_hash"),
            hash: try row.storedBytes("hash"))
        }
    }
    guard !records.isEmpty else {
      throw RecoverError(.usage, "there is no run \(run)", hint: "recover runs lists them")
    }
    try JournalRecord.checkChain(records)
    return records
  }

  package func runs(of target: String?) async throws -> [RunSummary] {
    try await reading { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM run WHERE ?1 IS NULL OR target = ?1 ORDER BY created_us, id",
        arguments: [target]
      ).map(Self.summary)
    }
  }

  private static func summary(_ row: Row) throws -> RunSummary {
    guard let run = RunID(try row.stored("id")) else { throw Row.damaged("id") }
    guard let hash = Digest(hex: try row.stored("plan_hash")) else { throw Row.damaged("plan_hash") }
    guard let kind = Target.Kind(rawValue: try row.stored("target_kind")) else { throw Row.damaged("target_kind") }
    let target = Target(kind: kind, identity: try row.stored("target_identity"), name: try row.stored("target_name"))
    return RunSummary(
      run: run, target: target, procedure: try row.stored("procedure"), planHash: hash,
      createdAt: WallTime(microseconds: try row.stored("created_us")),
      updatedAt: WallTime(microseconds: try row.stored("updated_us")), state: try row.stored("state"),
      isTerminal: try row.stored("is_terminal"))
  }
}
