import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("a look at a live database")
struct LivePreviewTests {
  private let server: ScratchPostgres

  init() throws { server = try AdminCluster.shared() }

  private func preview(_ database: String, user: String = "postgres", within duration: Duration = .seconds(20)) throws
    -> LivePreview
  {
    var connection = try Connection.administrative(server.settings(database, user: user))
    return try LivePreview.read(&connection, until: .after(duration))
  }

  private func withTables(_ body: (String) throws -> Void) throws {
    try server.withDatabase("preview") { database in
      try server.sql(
        """
        CREATE SCHEMA "Odd schema";
        CREATE TABLE "Odd schema"."T x" (id int, gone int, "Name" text, twice int GENERATED ALWAYS AS (id * 2) STORED);
        ALTER TABLE "Odd schema"."T x" DROP COLUMN gone;
        INSERT INTO "Odd schema"."T x" SELECT generate_series(1, 7);
        CREATE TABLE parts (id int) PARTITION BY RANGE (id);
        CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (1) TO (100);
        INSERT INTO parts SELECT generate_series(1, 5);
        CREATE TABLE secret (id int); INSERT INTO secret SELECT generate_series(1, 9);
        ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON secret, part1 TO app;
        """, in: database)
      // In a session of its own, after the rows were counted.
      try server.sql("ANALYZE", in: database)
      try body(database)
    }
  }

  @Test("lists tables, columns and exact counts")
  func exact() throws {
    try withTables { database in
      let preview = try preview(database)
      let lines = preview.tables.map { "\($0.schema).\($0.name) \($0.columns) \($0.generatedColumns) \($0.rows)" }
      #expect(
        lines == [
          "Odd schema.T x [\"id\", \"Name\"] [\"twice\"] exact(7)", "public.part1 [\"id\"] [] exact(5)",
          "public.parts [\"id\"] [] unknown", "public.secret [\"id\"] [] exact(9)",
        ])
      #expect(preview.activity.rowsInserted >= 21)
      #expect(preview.activity.newestCommit == nil)
    }
  }

  @Test("a table that may not be read in full, is locked, or finds no time keeps its estimate")
  func estimated() throws {
    try withTables { database in
      let rows = { (preview: LivePreview) in
        Dictionary(preview.tables.map { ($0.name, $0.rows) }, uniquingKeysWith: { first, _ in first })
      }
      // Row-level security would show 0 of 9 rows without an error.
      let asApp = try rows(preview(database, user: "app"))
      #expect(asApp["secret"] == .estimated(9))
      #expect(asApp["T x"] == .estimated(7))
      #expect(asApp["part1"] == .exact(5))
      var locker = try server.admin(database: database)
      try locker.execute("BEGIN; LOCK TABLE public.part1")
      #expect(try rows(preview(database))["part1"] == .estimated(5))
      try locker.execute("ROLLBACK")
      #expect(try rows(preview(database, within: .zero)).values.allSatisfy { !$0.isExact })
    }
  }
}

@Suite("a loss preview")
struct LossPreviewTests {
  private func table(_ name: String, _ rows: RowCount, _ columns: [String] = ["id"]) -> LivePreview.Table {
    LivePreview.Table(
      schema: "public", name: name, rows: rows, columns: columns, generatedColumns: ["twice"], isPartitioned: false)
  }

  private func dumped(_ name: String, _ rows: Int64?, _ columns: [String]? = ["id"]) -> DumpedTable {
    DumpedTable(schema: "public", name: name, columns: columns, rows: rows)
  }

  private func preview(_ tables: [LivePreview.Table]) -> LivePreview {
    LivePreview(
      tables: tables,
      activity: LiveActivity(
        countedSince: nil, committed: 1, rowsInserted: 2, rowsUpdated: 3, rowsDeleted: 4, newestCommit: nil),
      takenAt: WallTime(microseconds: 3_600_000_000))
  }

  @Test("names what is on one side alone, and counts what the live database has more")
  func compares() {
    let live = preview([
      table("same", .exact(5)), table("grown", .exact(12)), table("shrunk", .exact(1)),
      table("guessed", .estimated(90)),
      table("new", .exact(4)), table("wide", .exact(3), ["id", "added"]), table("uncounted", .exact(8)),
    ])
    let loss = LossPreview(
      live: live,
      dumped: [
        dumped("same", 5), dumped("grown", 7), dumped("grown", 2), dumped("shrunk", 6), dumped("guessed", 100),
        dumped("old", 9), dumped("wide", 3, ["id", "removed", "twice"]), dumped("uncounted", nil, nil),
      ], backupTime: WallTime(microseconds: 0))
    #expect(loss.onlyLive.map(\.name) == ["new"])
    #expect(loss.onlyDumped.map(\.name) == ["old"])
    #expect(loss.columns.map { "\($0.table) \($0.onlyLive) \($0.onlyDumped)" } == ["wide [\"added\"] [\"removed\"]"])
    #expect(loss.rows.map { "\($0.table) \($0.surplus)" } == ["grown 3", "shrunk -5", "guessed -10"])
    #expect(loss.surplusRows == 7)
    #expect(!loss.isExact)
    #expect(loss.agreeing == 1)
    #expect(loss.backupAge == .seconds(3600))
  }

  @Test("of a backup that equals the live database is empty and exact")
  func empty() {
    let loss = LossPreview(live: preview([table("t", .exact(2))]), dumped: [dumped("t", 2)], backupTime: nil)
    #expect(loss.rows.isEmpty && loss.columns.isEmpty && loss.onlyLive.isEmpty && loss.onlyDumped.isEmpty)
    #expect(loss.surplusRows == 0 && loss.isExact && loss.agreeing == 1 && loss.backupAge == nil)
  }
}

@Suite("counting writes")
struct WriteCounterTests {
  private let server: ScratchPostgres

  init() throws { server = try AdminCluster.shared() }

  /// Runs SQL in a session that is gone, with its counts handed in, when this returns: psql ends before its backend does.
  private func sql(_ text: String, in database: String, leaving sessions: Int) throws {
    try server.sql(text, in: database)
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database)' AND usesysid IS NOT NULL"
    while try server.sql(count) != "\(sessions)" {}
  }

  @Test("every write since the mark is counted under its table once its session has ended")
  func counts() throws {
    try server.withDatabase("writes") { database in
      try sql(
        "CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1), (2)", in: database, leaving: 0)
      var connection = try server.admin(database: database)
      let mark = try WriteCounter.mark(&connection)
      #expect(try WriteCounter.count(since: mark, &connection).total == 0)
      try sql(
        """
        INSERT INTO a SELECT generate_series(3, 12); UPDATE a SET id = -id WHERE id <= 4; DELETE FROM a WHERE id = -1;
        CREATE TABLE c (id int); INSERT INTO c VALUES (1); SELECT lo_from_bytea(0, 'x'); SELECT count(*) FROM b
        """, in: database, leaving: 1)
      let count = try WriteCounter.count(since: mark, &connection)
      #expect(
        count.tables.map { "\($0.name) \($0.inserted) \($0.updated) \($0.deleted)" } == [
          "a 10 4 1", "pg_largeobject 1 0 0", "c 1 0 0",
        ])
      #expect(count.total == 17)
      #expect(count.transactions >= 1)
      #expect(count.isExact)
      let stored = try JSONValue(encoding: mark).decoded(as: WriteMark.self)
      #expect(stored == mark)
    }
  }

  @Test("sessions that are still there, dropped tables and reset counters are doubts")
  func doubts() throws {
    try server.withDatabase("writes") { database in
      try sql(
        "CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1), (2)", in: database, leaving: 0)
      var connection = try server.admin(database: database)
      let mark = try WriteCounter.mark(&connection)
      let user = try Connection(server.settings(database, user: "app"))
      #expect(try WriteCounter.count(since: mark, &connection).doubts == ["1 sessions are still connected"])
      #expect(user.user == "app")
      try sql(
        "SELECT pg_stat_reset_single_table_counters('a'::regclass); DROP TABLE b; INSERT INTO a VALUES (7)",
        in: database, leaving: 2)
      let count = try WriteCounter.count(since: mark, &connection)
      #expect(count.tables.map { "\($0.name) \($0.inserted)" } == ["a 1"])
      #expect(
        count.doubts == [
          "the server's counters were reset since", "1 sessions are still connected", "1 tables were dropped since",
        ])
    }
  }

  @Test("a mark of another database is refused")
  func otherDatabase() throws {
    var connection = try server.admin()
    let mark = try WriteCounter.mark(&connection)
    try server.withDatabase("writes") { database in
      var other = try server.admin(database: database)
      let error = #expect(throws: RecoverError.self) { try WriteCounter.count(since: mark, &other) }
      #expect(error?.code == .wrongTarget)
    }
  }
}
