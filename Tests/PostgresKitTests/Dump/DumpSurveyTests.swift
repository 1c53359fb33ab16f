internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("dump survey")
struct DumpSurveyTests {
  private static let banner = "--\n-- PostgreSQL database dump\n--\n\n"
  private static let footer = "--\n-- PostgreSQL database dump complete\n--\n\n"

  @Test(
    "whether a dump is whole",
    arguments: [
      (banner + footer, .complete), (banner + "SELECT 1;\n" + footer + banner + footer, .complete),
      (banner + "\\restrict k\n" + footer + "\\unrestrict k\n", .complete), ("SELECT 1;\n", .unknown),
      ("INSERT INTO t VALUES (1);", .unknown),
      ("", .truncated("it holds no statement")), ("\n-- x\n", .truncated("it holds no statement")),
      (footer + ";", .unknown), (banner + "SELECT 1;\n", .truncated("the last line of pg_dump is missing")),
      (banner + footer + banner, .truncated("the last line of pg_dump is missing")),
      (banner + "/*\n" + footer + "*/", .truncated("the last line of pg_dump is missing")),
      (banner + "SELECT '\n" + footer + "';", .truncated("the last line of pg_dump is missing")),
      (banner + "COPY t FROM stdin;\n" + footer + "\\.\n", .truncated("the last line of pg_dump is missing")),
      (banner + "\\restrict k\n" + footer, .truncated("the \\unrestrict that lifts its \\restrict is missing")),
      ("SELECT 1;\nSELECT 2", .truncated("it ends in the middle of a statement")),
      ("COPY t FROM stdin;\n1\n", .truncated("it ends in the middle of COPY data")),
      (footer + "/* x", .truncated("it ends in the middle of a comment")),
      ("-- PostgreSQL database cluster dump\n" + banner + footer, .truncated("the last line of pg_dumpall is missing")),
      ("-- PostgreSQL database cluster dump\n-- PostgreSQL database cluster dump complete", .complete),
    ] as [(String, DumpSurvey.Completeness)])
  func completeness(dump: String, completeness: DumpSurvey.Completeness) throws {
    #expect(try DumpSurvey.of(dump).completeness == completeness)
  }

  @Test("a footer is found even in a run of comments that is longer than a piece")
  func longComments() throws {
    var options = ReadOptions()
    options.limits.chunkBytes = 64
    options.limits.bufferBytes = 64
    for count in 0..<100 {
      let dump = Self.banner + String(repeating: "-", count: 30) + String(repeating: "\n", count: count) + Self.footer
      #expect(try DumpSurvey.of(Array(dump.utf8), options).completeness == .complete)
    }
  }

  @Test("versions and times of the banner")
  func origin() throws {
    let origin = try DumpSurvey.of(
      """
      --
      -- PostgreSQL database dump
      --

      -- Dumped from database version 9.6.24
      -- Dumped by pg_dump version 17beta1 (Debian)

      -- Started on 2026-11-23 07:03:09 UTC

      """
    ).origin
    #expect(origin.server?.number == 90_624)
    #expect(origin.server?.major == 9)
    #expect(origin.program?.number == 170_000)
    #expect(origin.started == "2026-11-23 07:03:09 UTC")
    #expect(origin.startedAt?.description == "2026-11-23T07:03:09Z")
    #expect(
      try DumpSurvey.of("-- Started on 2024-02-29 23:59:59 GMT\n").origin.startedAt?.description
        == "2024-02-29T23:59:59Z")
    #expect(try DumpSurvey.of("-- Started on 2026-11-23 07:03:09 CET\n").origin.startedAt == nil)
  }

  @Test("escapes are listed with their lines, and a database's own statements are none")
  func escapes() throws {
    let survey = try DumpSurvey.of(
      """
      CREATE DATABASE own;
      ALTER DATABASE other SET x = 1;
      \\connect own
      CREATE ROLE joe;
      ALTER DATABASE own SET x = 1;
      ALTER SYSTEM SET fsync = off;
      DROP DATABASE other;
      COPY t FROM PROGRAM 'id';
      LOAD 'x';
      """)
    #expect(survey.segments.map { $0.escapes.map(\.line) } == [[2], [4, 6, 7, 8, 9]])
    #expect(
      survey.segments[1].escapes.map(\.escape) == [
        .role, .serverConfiguration, .database("other"), .program, .library,
      ])
    #expect(survey.databases.map(\.name) == ["own", "other"])
    #expect(survey.databases[0].statements.map(\.change) == [.create, .alter])
    #expect(survey.databases.map(\.isConnected) == [true, false])
  }

  @Test("the globals of a cluster may change roles, but only before the first database")
  func globals() throws {
    let survey = try DumpSurvey.of(
      """
      -- PostgreSQL database cluster dump
      CREATE ROLE joe;
      CREATE TABLESPACE t LOCATION '/x';
      ALTER SYSTEM SET fsync = off;
      \\connect a
      CREATE ROLE ann;
      """)
    #expect(survey.segments.map { $0.escapes.map(\.line) } == [[4], [6]])
    #expect(survey.content(of: "a").map(\.line) == [5])
    #expect(try DumpSurvey.of("-- PostgreSQL database cluster dump\nCREATE ROLE joe;").content(of: "x").isEmpty)
  }

  @Test(
    "names without a schema get the one that is searched, where only one is",
    arguments: [
      ("", nil), ("SET search_path = s;", "s"), ("SET search_path = s, pg_catalog;", "s"),
      ("SET search_path = s, t;", nil),
      ("SET search_path TO \"$user\", public;", nil),
      ("SELECT set_config('search_path', '\"My, S\"', false);", "My, S"),
      ("SET search_path = s; SELECT set_config('search_path', '', false);", nil),
      ("SET search_path = s;\n\\connect -\n", nil),
      ("SET search_path = s; RESET search_path;", nil),
    ] as [(String, String?)])
  func searchPath(settings: String, schema: String?) throws {
    let survey = try DumpSurvey.of(
      settings
        + "CREATE TABLE t (a int); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1); CREATE SCHEMA x; COPY t FROM stdin;\n1\n\\.\n"
    )
    #expect(survey.rowCounts == [SQLName(schema: schema, "t"): 2])
    #expect(
      survey.segments[0].objects.map(\.name) == [
        SQLName(schema: schema, "t"), SQLName(schema: schema, "i"), SQLName("x"),
      ])
  }

  @Test("rows are counted by table, whatever form they have")
  func rows() throws {
    let survey = try DumpSurvey.of(
      """
      INSERT INTO a VALUES (1), (2);
      INSERT INTO a VALUES (3);
      INSERT INTO a (x) VALUES (4);
      INSERT INTO ab VALUES (1);
      INSERT INTO a.b VALUES (1);
      INSERT INTO "a" VALUES (5);
      INSERT  INTO a DEFAULT VALUES;
      COPY a (x, y) FROM stdin;
      1
      2
      \\.
      COPY b FROM stdin CSV;
      1
      \\.
      INSERT INTO c SELECT 1;
      COPY d FROM stdin;
      \\.
      """)
    #expect(
      survey.rowCounts == [
        SQLName("a"): 8, SQLName("ab"): 1, SQLName(schema: "a", "b"): 1, SQLName("b"): 0, SQLName("c"): 0,
        SQLName("d"): 0,
      ])
    let tables = survey.segments[0].tables
    #expect(tables.map(\.isExact) == [true, true, true, false, false, true])
    #expect(tables[0].columns == ["x", "y"])
    #expect(tables[0].copyBlocks == 1)
    #expect(tables[0].copyBytes == 4)
    #expect(tables[0].insertStatements == 5)
  }

  @Test("beyond the limits, objects and escapes are counted only")
  func limits() throws {
    var limits = DumpSurvey.Limits()
    limits.objects = 3
    limits.escapes = 2
    let text = (0..<5).map { "CREATE TABLE t\($0) (); LOAD 'x';" }.joined()
    let survey = try DumpSurvey.of("CREATE VIEW v AS SELECT 1;\n\\connect a\n" + text, limits: limits)
    #expect(survey.segments.map(\.objects.count) == [0, 0])
    #expect(survey.segments.map(\.hasAllObjects) == [false, false])
    #expect(survey.segments[1].objectCounts == [.table: 5])
    #expect(survey.segments[1].escapeCount == 5)
    #expect(survey.segments[1].escapes.count == 2)
    limits.databaseTextBytes = 30
    #expect(throws: RecoverError.self) { try DumpSurvey.of("CREATE DATABASE a; CREATE DATABASE b;", limits: limits) }
  }

  @Test("tablespaces and roles that are needed")
  func needs() throws {
    let survey = try DumpSurvey.of(
      "SET default_tablespace = fast; SET default_tablespace = ''; CREATE TABLE t () TABLESPACE slow; SET ROLE b; GRANT ALL ON t TO a; ALTER TABLE t OWNER TO c;"
    )
    #expect(survey.segments[0].tablespaces == ["fast", "slow"])
    #expect(survey.segments[0].roles == ["a", "b", "c"])
    #expect(survey.segments[0].owners == ["b", "c"])
  }

  @Test("a survey is the same after its way through JSON, and stops when it is told to")
  func codable() throws {
    let survey = try DumpSurvey.of("ALTER DATABASE x SET a = 1; CREATE FUNCTION f(a int) RETURNS int AS ''; LOAD 'x';")
    #expect(try JSONValue(encoding: survey).decoded(as: DumpSurvey.self) == survey)
    let interruption = Interruption()
    interruption.raise()
    var reader = DumpReader(MemorySource(Array("SELECT 1;".utf8)), named: "x")
    #expect(throws: RecoverError.self) { try DumpSurvey(reading: &reader, interruption: interruption) }
  }
}
