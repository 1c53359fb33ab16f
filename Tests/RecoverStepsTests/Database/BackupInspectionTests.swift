internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("what a backup is")
struct BackupInspectionTests {
  private static func inspect(_ dump: String) throws -> BackupInspection {
    var reader = DumpReader(MemorySource(Array(dump.utf8)), named: "x.sql")
    let survey = try DumpSurvey(reading: &reader, interruption: Interruption())
    let backup = BackupReference(path: "x.sql", sizeBytes: Int64(dump.utf8.count), modifiedNanoseconds: 0)
    return BackupInspection(survey, of: backup, form: "SQL")
  }

  private static func dump(_ body: String) -> String {
    "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n\n\(body)"
      + "\n--\n-- PostgreSQL database dump complete\n--\n\n"
  }

  @Test("objects, rows and needs of one database")
  func one() throws {
    let inspection = try Self.inspect(
      Self.dump(
        """
        SET client_encoding = 'LATIN1';
        CREATE EXTENSION hstore;
        CREATE TABLE public.a (id integer);
        ALTER TABLE public.a OWNER TO ann;
        CREATE TABLE public.b (id integer);
        COPY public.a (id) FROM stdin;
        1
        2
        \\.
        INSERT INTO elsewhere.c SELECT 1;
        CREATE UNIQUE INDEX a_id ON public.a USING btree (id);
        """))
    #expect(inspection.complaint == nil && !inspection.isCutOff)
    #expect(inspection.serverVersion == 150_018)
    let part = try #require(inspection.parts.first)
    #expect(inspection.parts.count == 1 && part.database == nil)
    #expect(part.encodings == ["LATIN1"] && part.roles == ["ann"] && part.extensions == ["hstore"])
    #expect(part.objectCounts.map { "\($0.count) \($0.kind)" } == ["2 table", "1 extension", "1 index"])
    #expect(part.tables.map { "\($0.name) \($0.rows) \($0.isExact)" } == ["public.a 2 true", "elsewhere.c 0 false"])
    #expect(part.objects.map(\.name) == ["hstore", "public.a", "public.b", "public.a_id on public.a"])
    #expect(part.objects.map { $0.table?.rows } == [nil, 2, nil, nil])
  }

  @Test("a cluster's databases are parts, its roles are none")
  func cluster() throws {
    let cluster =
      "--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE ann;\n\\connect a\n"
      + Self.dump("CREATE TABLE t (i int);") + "\\connect b\n" + Self.dump("")
      + "--\n-- PostgreSQL database cluster dump complete\n--\n"
    let inspection = try Self.inspect(cluster)
    #expect(inspection.complaint == nil)
    #expect(inspection.parts.map(\.database) == ["a", "b"])
  }

  @Test("what was cut off is refused, what people wrote can't be told to be whole")
  func complaints() throws {
    let whole = Self.dump("SELECT 1;")
    let cut = try Self.inspect(String(whole.dropLast(30)))
    #expect(cut.isCutOff && cut.complaint?.contains("the last line of pg_dump is missing") == true)
    let written = try Self.inspect("CREATE TABLE t (i int);\n")
    #expect(!written.isCutOff && written.complaint?.contains("nobody can tell") == true)
  }
}
