import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("exchanging tables")
struct TableExchangeTests {
  private static func exchange(_ server: ScratchPostgres, _ database: String) throws -> TableExchange {
    try server.sql(
      """
      CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE SCHEMA recover_side_r;
      CREATE TABLE recover_side_r.t (a int); INSERT INTO recover_side_r.t VALUES (2);
      """, in: database)
    func oid(_ name: String) throws -> UInt32? {
      UInt32(try server.sql("SELECT '\(name)'::regclass::oid", in: database))
    }
    let places = ExchangePlaces(run: "r", homes: ["public"])
    let breadcrumb = Breadcrumb(
      run: "r", host: "h", plan: Digest(of: []), role: .previous, target: database, liveOID: nil, undo: "")
    return TableExchange(
      items: [.init(schema: "public", name: "t", enteringOID: try oid("recover_side_r.t"), leavingOID: try oid("t"))],
      sources: places, sourceRole: .side, destinations: places, destinationRole: .previous, breadcrumb: breadcrumb,
      foreignKeys: [])
  }

  @Test("who holds a table is named, and nothing has changed")
  func busy() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase("exchange") { database in
      let exchange = try Self.exchange(server, database)
      var holder = try Connection(try server.settings(database).replacing(applicationName: "the holder"))
      try holder.execute("BEGIN; SELECT * FROM t")
      let error = #expect(throws: RecoverError.self) {
        try exchange.perform(try server.settings(database), until: .after(.seconds(1)))
      }
      #expect(error?.code == .busy || error?.code == .timedOut)
      try holder.execute("COMMIT")
      var waits: [String] = []
      try holder.execute("BEGIN; SELECT * FROM t")
      let pid = holder.backendPid
      let report = try exchange.perform(try server.settings(database), until: .after(.seconds(60))) { _ in
      } waiting: { text in
        waits.append(text)
        _ = try? server.sql("SELECT pg_terminate_backend(\(pid))")
      }
      #expect(waits.first == "a table is in use by pid \(pid) (the holder as postgres, idle in transaction)")
      #expect(report.attempts > 1)
      #expect(try server.sql("SELECT a FROM t", in: database) == "2")
      #expect(try server.sql("SELECT a FROM recover_previous_r.t", in: database) == "1")
    }
  }

  @Test("what is done already is not done again, and a table that somebody replaced is nobody's")
  func repeated() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase("exchange") { database in
      let exchange = try Self.exchange(server, database)
      let settings = try server.settings(database)
      #expect(try exchange.perform(settings, until: .after(.seconds(60))).attempts == 1)
      #expect(try exchange.perform(settings, until: .after(.seconds(60))).attempts == 0)
      try server.sql("DROP TABLE t; CREATE TABLE t (a int)", in: database)
      let error = #expect(throws: RecoverError.self) {
        try exchange.perform(settings, until: .after(.seconds(60)))
      }
      #expect(error?.code == .wrongTarget)
    }
  }
}
