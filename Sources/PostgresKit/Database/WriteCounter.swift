package import RecoverBase

/// The server's counters of a database at one moment, to tell later what was written since.
///
/// About 25 bytes a table as JSON.
package struct WriteMark: Sendable, Hashable, Codable {
  package var databaseOID: UInt32
  package var takenAt: WallTime
  /// When the counters last began anew: at a reset, or after a crash of the server.
  package var countersBegan: WallTime?
  package var serverStartedAt: WallTime
  /// The next transaction id of the whole server, with its epoch.
  package var nextTransaction: Int64
  /// Rows inserted, updated and deleted of every table, by its OID.
  var tables: [String: [Int64]]
}

/// What was written to a database since a mark, by table.
package struct WriteCount: Sendable, Hashable, Codable {
  package struct Table: Sendable, Hashable, Codable {
    /// Nil for a table that does not exist any more.
    package var schema: String?
    package var name: String
    package var inserted: Int64
    package var updated: Int64
    package var deleted: Int64

    package var total: Int64 { inserted + updated + deleted }
  }

  /// Tables with writes, the most written first.
  package var tables: [Table]
  /// Transaction ids that the whole server gave out since: none means that nothing at all was written anywhere.
  package var transactions: Int64
  /// Why the counts may be too low; empty when every committed and rolled-back row was counted.
  package var doubts: [String]

  package var total: Int64 { tables.reduce(0) { $0 + $1.total } }
  package var isExact: Bool { doubts.isEmpty }
}

/// Counts what was written to the database that a connection is to.
///
/// From the cumulative statistics (PostgreSQL, "The Cumulative Statistics System"): rows of transactions that were rolled
/// back count as well, TRUNCATE and changes of the schema do not. A session hands its counts in when it ends, and every
/// now and then before; so end the sessions first where the number must be right.
package enum WriteCounter {
  /// Takes a mark.
  package static func mark(_ connection: inout Connection) throws -> WriteMark {
    let state = try read(&connection)
    let tables = state.tables.map { ($0.oid, [$0.inserted, $0.updated, $0.deleted]) }
    return WriteMark(
      databaseOID: state.databaseOID, takenAt: .now, countersBegan: state.countersBegan,
      serverStartedAt: state.serverStartedAt, nextTransaction: state.nextTransaction,
      tables: Dictionary(tables, uniquingKeysWith: { first, _ in first }))
  }

  /// Counts what was written since a mark.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` when the mark is of another database.
  package static func count(since mark: WriteMark, _ connection: inout Connection) throws -> WriteCount {
    let state = try read(&connection)
    guard state.databaseOID == mark.databaseOID else {
      throw RecoverError(
        .wrongTarget, "the counters are of the database with OID \(mark.databaseOID), this one has \(state.databaseOID)"
      )
    }
    return count(from: mark, to: state)
  }

  struct State: Decodable {
    struct Table: Decodable {
      var oid: String
      var schema: String
      var name: String
      var inserted: Int64
      var updated: Int64
      var deleted: Int64
    }

    var databaseOID: UInt32
    var countersBegan: WallTime?
    var serverStartedAt: WallTime
    var nextTransaction: Int64
    var otherSessions: Int
    var preparedTransactions: Int
    var version: Int
    var tables: [Table]
  }

  static func count(from mark: WriteMark, to state: State) -> WriteCount {
    var doubts: [String] = []
    if state.countersBegan != mark.countersBegan { doubts.append("the server's counters were reset since") }
    if state.serverStartedAt != mark.serverStartedAt {
      doubts.append("the server was restarted since; a crash loses counts")
    }
    if state.otherSessions > 0 { doubts.append("\(state.otherSessions) sessions are still connected") }
    if state.preparedTransactions > 0 { doubts.append("\(state.preparedTransactions) transactions are prepared") }
    if state.version < 150_000 { doubts.append("before PostgreSQL 15 the server may lose counts") }
    let zero: [Int64] = [0, 0, 0]
    var tables = state.tables.compactMap { table -> WriteCount.Table? in
      let before = mark.tables[table.oid] ?? zero
      let now = [table.inserted, table.updated, table.deleted]
      // A counter that went back was reset: then it says what came after that, which is less than all.
      let base = zip(now, before).contains { $0 < $1 } ? zero : before
      let difference = zip(now, base).map { $0 - $1 }
      guard difference != zero else { return nil }
      return WriteCount.Table(
        schema: table.schema, name: table.name, inserted: difference[0], updated: difference[1], deleted: difference[2])
    }
    let gone = Set(mark.tables.keys).subtracting(state.tables.map(\.oid)).count
    if gone > 0 { doubts.append("\(gone) tables were dropped since") }
    tables.sort { ($1.total, $0.schema ?? "", $0.name) < ($0.total, $1.schema ?? "", $1.name) }
    return WriteCount(tables: tables, transactions: state.nextTransaction - mark.nextTransaction, doubts: doubts)
  }

  private static func read(_ connection: inout Connection) throws -> State {
    // Whatever this session looked at before would be shown again.
    _ = try connection.value("SELECT pg_stat_clear_snapshot()")
    return try connection.document(State.self, query).orMissing("the server counts nothing")
  }

  /// The counters of all tables of users, and of large objects, which are rows of a catalog.
  ///
  /// `pg_snapshot_xmax` is the next
  /// transaction id, where the function has another name before 13.
  private static let query = """
    SELECT jsonb_build_object(
      'databaseOID', d.datid::bigint, 'countersBegan', \(microseconds("d.stats_reset")),
      'serverStartedAt', \(microseconds("pg_postmaster_start_time()")),
      'nextTransaction', txid_snapshot_xmax(txid_current_snapshot()),
      'otherSessions', (SELECT count(*) FROM pg_stat_activity
        WHERE datid = d.datid AND pid <> pg_backend_pid() AND usesysid IS NOT NULL),
      'preparedTransactions', (SELECT count(*) FROM pg_prepared_xacts WHERE database = d.datname),
      'version', current_setting('server_version_num')::int,
      'tables', (SELECT coalesce(jsonb_agg(jsonb_build_object(
          'oid', relid::text, 'schema', schemaname, 'name', relname, 'inserted', n_tup_ins, 'updated', n_tup_upd,
          'deleted', n_tup_del)), '[]')
        FROM pg_stat_all_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND schemaname NOT LIKE 'pg\\_temp%'
          AND schemaname NOT LIKE 'pg\\_toast\\_temp%' OR relid = 'pg_largeobject'::regclass))
    FROM pg_stat_database AS d WHERE d.datname = current_database()
    """
}
