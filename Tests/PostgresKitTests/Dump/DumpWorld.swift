internal import RecoverBase
internal import RecoverTestSupport

@testable internal import PostgresKit

/// A server of its own with one database that holds everything, and one that holds little.
///
/// Of its own, since it makes roles, and since pg_dumpall needs every database to stay.
struct DumpWorld: Sendable {
  let server: ScratchPostgres
  let everything: String
  let other = "od'd \"na\\me"

  private static let made = Result { try DumpWorld() }

  static func shared() throws -> DumpWorld { try made.get() }

  private init() throws {
    server = try ScratchPostgres()
    everything = try server.makeDatabase("everything")
    try server.psql(everything, file: Fixtures.path("dumps/everything.sql"))
    try server.sql("CREATE DATABASE \"od'd \"\"na\\me\"")
    try server.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)", in: "od'd \"na\\me")
    try server.sql(
      """
      ALTER DATABASE \(everything) SET work_mem = '9MB';
      ALTER DATABASE \(everything) CONNECTION LIMIT 77;
      ALTER ROLE everything_reader IN DATABASE \(everything) SET work_mem = '8MB';
      COMMENT ON DATABASE \(everything) IS 'all; of it';
      GRANT CONNECT ON DATABASE \(everything) TO everything_reader;
      """)
  }

  /// The rows of every table that holds some, as the server counts them.
  func rowCounts() throws -> [SQLName: Int64] {
    let query = """
      SELECT n.nspname || chr(1) || c.relname || chr(1)
          || (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM ONLY %I.%I', n.nspname, c.relname),
            false, true, '')))[1] || chr(2)
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      """
    let rows = try server.sql(query, in: everything).split(separator: "\u{2}").map { row in
      row.split(separator: "\u{1}").map { String($0) }
    }
    return Dictionary(
      uniqueKeysWithValues: rows.filter { $0.count == 3 }.map { row in
        (SQLName(schema: row[0].hasPrefix("\n") ? String(row[0].dropFirst()) : row[0], row[1]), Int64(row[2]) ?? -1)
      })
  }
}

extension DumpSurvey {
  /// A survey of bytes in memory.
  static func of(
    _ dump: [UInt8], _ options: ReadOptions = ReadOptions(), limits: Limits = Limits()
  ) throws -> DumpSurvey {
    var reader = DumpReader(
      MemorySource(dump, largestRead: options.largestRead, seed: options.seed), named: "x.sql",
      limits: options.limits)
    return try DumpSurvey(reading: &reader, limits: limits, interruption: Interruption())
  }

  static func of(_ dump: String, limits: Limits = Limits()) throws -> DumpSurvey {
    try of(Array(dump.utf8), limits: limits)
  }

  /// The rows of every table of all segments.
  var rowCounts: [SQLName: Int64] {
    Dictionary(segments.flatMap(\.tables).map { ($0.name, $0.rows) }, uniquingKeysWith: +)
  }
}
