internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

extension DumpIndex {
  /// An index of bytes in memory.
  static func of(_ dump: String, limits: Limits = Limits(), reader: DumpReaderLimits = DumpReaderLimits()) throws
    -> DumpIndex
  {
    var scan = DumpScan.Limits()
    scan.index = limits
    var reader = DumpReader(MemorySource(Array(dump.utf8)), named: "x.sql", limits: reader)
    return try DumpScan(reading: &reader, limits: scan, interruption: Interruption()).index
  }

  /// What stands in it, in few words.
  var outline: [String] {
    entries.map { entry in
      switch entry.content {
      case .space: "space"
      case .statement(_, let text): text?.description ?? "long"
      case .command(let command): "\(command)"
      case .copy(let block): "copy \(block.copy.table) \(block.chunks.map(\.rows))"
      case .inserts(let run): "\(run.statements) inserts \(run.table) \(run.rows)"
      case .largeObjects(let run): "\(run.kind) \(run.statements)"
      case .unfinished: "unfinished"
      }
    }
  }
}

@Suite("dump index")
struct DumpIndexTests {
  private static let group =
    "BEGIN;\nSELECT pg_catalog.lo_open('1', 1);\nSELECT pg_catalog.lowrite(0, '\\x');\n"
    + "SELECT pg_catalog.lo_close(0);\nCOMMIT;\n\n"

  @Test(
    "what becomes one entry",
    arguments: [
      ("-- x\n\nSELECT 1;\n-- y\nSELECT 2;", ["space", "SELECT 1;", "SELECT 2;"]),
      ("COPY t (a) FROM stdin;\n1\n2\n\\.\n\n\nSELECT 1;", ["copy t [2]", "SELECT 1;"]),
      ("COPY t FROM stdin;\n\\.\nCOPY t FROM stdin;\n1\n\\.\n", ["copy t []", "copy t [1]"]),
      ("COPY t FROM stdin;\n1\n", ["copy t [1]"]),
      (
        "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2),(3);\n\nINSERT INTO b DEFAULT VALUES;SELECT 1;"
          + "INSERT INTO b VALUES (1);",
        ["2 inserts a 3", "1 inserts b 1", "SELECT 1;", "1 inserts b 1"]
      ),
      ("INSERT INTO a SELECT 1;", ["INSERT INTO a SELECT 1;"]),
      (
        "INSERT INTO a VALUES (1);\nSET search_path = x;\nINSERT INTO a VALUES (1);",
        ["1 inserts a 1", "SET search_path = x;", "1 inserts a 1"]
      ),
      (
        "SELECT pg_catalog.lo_create('1');\nALTER LARGE OBJECT 1 OWNER TO joe;\nCOMMENT ON LARGE OBJECT 1 IS 'x';\n"
          + "GRANT ALL ON LARGE OBJECT 1 TO ann;\nGRANT ALL ON TABLE t TO ann;",
        ["objects 4", "GRANT ALL ON TABLE t TO ann;"]
      ),
      (group + group, ["data 10"]),
      (
        "BEGIN;\nSELECT pg_catalog.lo_open('1', 1);\nSELECT 1;\nCOMMIT;",
        ["BEGIN;", "calls 1", "SELECT 1;", "COMMIT;"]
      ),
      ("SELECT pg_catalog.lowrite(0, '\\x');SELECT pg_catalog.lo_close(0);", ["calls 2"]),
      ("BEGIN;\n" + group, ["BEGIN;", "data 5"]),
      ("BEGIN; SELECT pg_catalog.lo_open('1', 1);", ["BEGIN;", "calls 1"]),
      ("SELECT 1; SELECT", ["SELECT 1;", "unfinished"]),
    ] as [(String, [String])])
  func outline(dump: String, outline: [String]) throws {
    #expect(try DumpIndex.of(dump).outline == outline)
  }

  @Test("runs are cut once they are large enough")
  func cuts() throws {
    var limits = DumpIndex.Limits()
    limits.chunkBytes = 50
    let insert = "INSERT INTO a VALUES (1);\n"
    #expect(
      try DumpIndex.of(String(repeating: insert, count: 5), limits: limits).outline
        == ["2 inserts a 2", "2 inserts a 2", "1 inserts a 1"])
    #expect(
      try DumpIndex.of(String(repeating: Self.group, count: 3), limits: limits).outline
        == ["data 5", "data 5", "data 5"])
    // One transaction of many objects, as pg_dump before 17 writes them: cut between objects.
    let object = Self.group.replacing("BEGIN;\n", with: "").replacing("COMMIT;\n\n", with: "")
    #expect(
      try DumpIndex.of("BEGIN;\n\(object)\(object)\(object)COMMIT;\n", limits: limits).outline
        == ["data 4", "data 3", "data 4"])
    #expect(
      try DumpIndex.of("BEGIN;\n\(object)\(object)SELECT 1;\nCOMMIT;\n", limits: limits).outline
        == ["BEGIN;", "calls 3", "calls 3", "SELECT 1;", "COMMIT;"])
    var reader = DumpReaderLimits()
    reader.chunkBytes = 16
    let rows = String(repeating: "1234567\n", count: 20)
    #expect(
      try DumpIndex.of("COPY t FROM stdin;\n\(rows)\\.\n", limits: limits, reader: reader).outline
        == ["copy t [8, 8, 4]"])
    let csv = try DumpIndex.of("COPY t FROM stdin (FORMAT csv);\n\(rows)\\.\n", limits: limits, reader: reader)
    #expect(csv.outline == ["copy t [0]"])
  }

  @Test("what is in force goes back with ROLLBACK, and ends with \\connect")
  func states() throws {
    let index = try DumpIndex.of(
      """
      SET ROLE ann;
      BEGIN;
      SET ROLE joe;
      SELECT 1;
      ROLLBACK;
      SELECT 2;
      \\connect x
      SELECT 3;
      """)
    let roles = index.entries.map { index.states[$0.state].session.changes.map(\.statement.description) }
    #expect(
      roles == [
        [], ["SET ROLE ann;"], ["SET ROLE ann;"], ["SET ROLE joe;"], ["SET ROLE joe;"], ["SET ROLE ann;"],
        ["SET ROLE ann;"], [],
      ])
    #expect(index.entries.last.map { index.readerState(of: $0).database } == "x")
  }

  @Test("long statements keep their place alone, and so do all once the limit for text is used up")
  func texts() throws {
    var limits = DumpIndex.Limits()
    (limits.statementTextBytes, limits.textBytes) = (12, 20)
    let index = try DumpIndex.of("SELECT 1;SELECT 'longer';SELECT 2;SELECT 3;", limits: limits)
    #expect(index.outline == ["SELECT 1;", "long", "SELECT 2;", "long"])
    #expect(index.entries.map(\.byteCount) == [9, 16, 9, 9])
    #expect(index.statement(of: index.entries[0])?.kind == .other("select"))
    #expect(index.statement(of: index.entries[1]) == nil)
  }

  @Test("what may hold a password is not kept, since an index is a file")
  func passwords() throws {
    let index = try DumpIndex.of(
      """
      CREATE ROLE a PASSWORD 'secret';
      ALTER ROLE a WITH LOGIN PASSWORD 'secret';
      CREATE USER MAPPING FOR a SERVER s OPTIONS (password 'secret');
      ALTER USER MAPPING FOR a SERVER s OPTIONS (SET password 'secret');
      CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (token 'secret');
      ALTER SERVER s OPTIONS (SET token 'secret');
      CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p WITH (connect = false);
      ALTER SUBSCRIPTION s CONNECTION 'password=secret';
      CREATE TABLE t (a int);
      """)
    #expect(index.outline == Array(repeating: "long", count: 8) + ["CREATE TABLE t (a int);"])
  }

  @Test("a dump over a limit has no index, and the reason is said")
  func limits() throws {
    var limits = DumpIndex.Limits()
    limits.entries = 3
    let parts = try DumpIndex.of("SELECT 1;SELECT 2;SELECT 3;SELECT 4;", limits: limits)
    #expect(parts.entries.isEmpty && parts.refusal == "it has more than 3 parts that can't be joined")
    limits = DumpIndex.Limits()
    limits.states = 2
    let states = try DumpIndex.of(
      "SET a.b = 1;SET a.b = 2;SET a.b = 3;SELECT 1;COPY t FROM stdin;\n1\n\\.\n", limits: limits)
    #expect(states.entries.isEmpty && states.refusal == "it changes settings in more than 2 ways")
    limits = DumpIndex.Limits()
    limits.textBytes = 10
    #expect(try DumpIndex.of("COPY t FROM stdin;\n\\.\nCOPY t FROM stdin;\n\\.\n", limits: limits).refusal != nil)
  }
}
