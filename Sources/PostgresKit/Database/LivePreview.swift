package import RecoverBase

/// How many rows a table has.
package enum RowCount: Sendable, Hashable, Codable {
  case exact(Int64)
  /// What the server's statistics say.
  case estimated(Int64)
  case unknown

  package var rows: Int64? {
    switch self {
    case .exact(let rows), .estimated(let rows): rows
    case .unknown: nil
    }
  }

  package var isExact: Bool { if case .exact = self { true } else { false } }
}

/// What a live database holds, to be compared with what a backup brings back.
package struct LivePreview: Sendable, Hashable, Codable {
  package struct Table: Sendable, Hashable, Codable {
    package var schema: String
    package var name: String
    package var rows: RowCount
    /// In order, without those that are generated, which no dump has the data of.
    package var columns: [String]
    package var generatedColumns: [String]
    /// Has partitions and no rows of its own.
    package var isPartitioned: Bool
  }

  /// Ordinary and partitioned tables of users, by schema and name; those that belong to an extension are left out.
  package var tables: [Table]
  package var activity: LiveActivity
  package var takenAt: WallTime
}

/// What the server counted of a database since its statistics were last reset.
package struct LiveActivity: Sendable, Hashable, Codable {
  /// Since when; nil for since the database or the statistics began.
  package var countedSince: WallTime?
  package var committed: Int64
  package var rowsInserted: Int64
  package var rowsUpdated: Int64
  package var rowsDeleted: Int64
  /// When the newest transaction of the whole server was committed; nil unless `track_commit_timestamp` is on.
  package var newestCommit: WallTime?
}

extension LivePreview {
  /// Tables larger than this are not counted, whatever the time.
  package static let largestCounted = ByteCount(Int64(1) << 30)

  /// Lists the tables of the database that the connection is to, and counts rows for as long as there is time.
  ///
  /// The smallest tables are counted first. A table that is locked, that our role may not read, or that the time does
  /// not suffice for keeps the estimate of the statistics. Nothing is written, and no lock is waited for longer than
  /// half a second.
  ///
  /// - Parameter deadline: when counting ends; listing goes on a little after it where it must.
  package static func read(_ connection: inout Connection, until deadline: Deadline) throws -> LivePreview {
    try connection.pin(.everyRow)
    try connection.execute("SET lock_timeout = '500ms'")
    defer { _ = try? connection.execute("SET lock_timeout = 0") }
    let listed = try connection.document([Listed].self, tableQuery) ?? []
    let activity = try connection.document(LiveActivity.self, activityQuery).orMissing("the server counts nothing")
    var counts: [Int: RowCount] = [:]
    let countable = listed.indices.filter {
      !listed[$0].isPartitioned && listed[$0].pages * 8192 <= largestCounted.bytes
    }
    for index in countable.sorted(by: { listed[$0].pages < listed[$1].pages }) {
      guard !deadline.hasPassed else { break }
      counts[index] = try count(listed[index], &connection, until: deadline).map { .exact($0) }
    }
    let tables = listed.indices.map { index in
      let table = listed[index]
      let rows = table.isPartitioned ? .unknown : counts[index] ?? .estimated(max(0, table.estimate))
      return Table(
        schema: table.schema, name: table.name, rows: rows, columns: table.columns,
        generatedColumns: table.generatedColumns, isPartitioned: table.isPartitioned)
    }
    return LivePreview(tables: tables, activity: activity, takenAt: .now)
  }

  /// - Returns: nil where the count could not be had.
  private static func count(
    _ table: Listed, _ connection: inout Connection, until deadline: Deadline
  ) throws -> Int64? {
    let before = connection.deadline
    connection.deadline = deadline
    defer { connection.deadline = before }
    do {
      let name = Quoting.identifier(table.schema, table.name)
      return try connection.value("SELECT count(*) FROM ONLY \(name)").flatMap { Int64($0) }
    } catch let error as RecoverError where !connection.isLost && error.code != .interrupted {
      return nil
    }
  }

  private struct Listed: Decodable {
    var schema: String
    var name: String
    var isPartitioned: Bool
    var pages: Int64
    var estimate: Int64
    var columns: [String]
    var generatedColumns: [String]
  }

  /// Reads catalogs alone: not even the size of a table is asked for, since that waits for locks.
  private static let tableQuery = """
    SELECT jsonb_agg(jsonb_build_object(
      'schema', n.nspname, 'name', c.relname, 'isPartitioned', c.relkind = 'p', 'pages', c.relpages,
      'estimate', coalesce(nullif(pg_stat_get_live_tuples(c.oid), 0), c.reltuples::bigint),
      'columns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
      'generatedColumns', (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> ''))
      ORDER BY n.nspname, c.relname)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    """

  /// The newest commit is asked for only where the server keeps it; the function is an error elsewhere.
  private static let activityQuery = """
    SELECT jsonb_build_object(
      'countedSince', \(microseconds("stats_reset")), 'committed', xact_commit, 'rowsInserted', tup_inserted,
      'rowsUpdated', tup_updated, 'rowsDeleted', tup_deleted,
      'newestCommit', CASE WHEN current_setting('track_commit_timestamp') = 'on'
        THEN (SELECT \(microseconds("timestamp")) FROM pg_last_committed_xact()) END)
    FROM pg_stat_database WHERE datname = current_database()
    """
}
