internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("choosing the part of a dump")
struct DumpChoiceTests {
  private static let banner = "--\n-- PostgreSQL database dump\n--\n"
  private static let footer = "--\n-- PostgreSQL database dump complete\n--\n"
  private static let table = "CREATE TABLE public.t (a int);\nCOPY public.t (a) FROM stdin;\n1\n2\n\\.\n"

  /// The choice from a dump with pg_dump's first and last lines around it.
  private static func choice(
    _ body: String, of name: String = "app", segment: String? = nil, isBare: Bool = false
  ) throws -> DumpChoice {
    let text = isBare ? body : banner + body + footer
    var reader = DumpReader(MemorySource(Array(text.utf8)), named: "x.sql")
    let survey = try DumpSurvey(reading: &reader, interruption: Interruption())
    return try DumpChoice(survey, bindings: Bindings.database(name, segment: segment))
  }

  private static func error(_ body: () throws -> DumpChoice) -> RecoverError? {
    do {
      _ = try body()
      return nil
    } catch {
      return error as? RecoverError
    }
  }

  @Test("a dump that connects to nothing is for whatever database it is loaded into")
  func plain() throws {
    let choice = try Self.choice(Self.table, of: "anything")
    #expect(choice.database == nil)
    #expect(choice.rowCount == 2)
    #expect(choice.objectCount == 1)
    #expect(choice.propertyStatements(for: "anything").isEmpty)
  }

  @Test("a dump that was taken while tables were loaded is refused before anything stops, and what is ours is not")
  func ledger() throws {
    let taken = try Self.choice("CREATE SCHEMA recover_ledger;\n" + Self.table)
    let error = #expect(throws: RecoverError.self) { try taken.refuseLedger() }
    #expect(error?.code == .backupRefused && error?.hint?.contains("--schema") == true)
    try Self.choice("CREATE SCHEMA recover_ledgers;\n" + Self.table).refuseLedger()
  }

  private static let two = "\\connect a\n\(table)\\connect b\n\(table)\(table.replacing("public.t", with: "public.u"))"

  @Test("of several databases the named one is taken, else the one with the live one's name")
  func several() throws {
    #expect(try Self.choice(Self.two, segment: "a").rowCount == 2)
    #expect(try Self.choice(Self.two, of: "b").rowCount == 4)
    #expect(try Self.choice(Self.two, of: "b", segment: "a").database == "a")
    #expect(try Self.choice("\\connect only\n\(Self.table)").database == "only")
  }

  @Test("where nobody can tell which database is meant, the names are said")
  func ambiguous() {
    let several = Self.error { try Self.choice(Self.two) }
    #expect(several?.code == .usage)
    #expect(several?.hint?.contains("a, b") == true)
    let missing = Self.error { try Self.choice(Self.two, segment: "c") }
    #expect(missing?.code == .usage)
    #expect(missing?.hint?.contains("a, b") == true)
    #expect(Self.error { try Self.choice(Self.table, segment: "c") }?.code == .usage)
  }

  @Test(
    "what can't be restored alone is refused",
    arguments: [
      ("COPY public.t (a) FROM stdin;\n1\n\\.\n", "makes none of its tables, such as public.t"),
      ("INSERT INTO t VALUES (1);\n", "makes none of its tables"),
      ("CREATE INDEX i ON public.t USING btree (a);\n", "makes none of its tables"),
      ("SELECT 1;\nSELECT '", "was cut off"),
    ])
  func parts(body: String, text: String) {
    let error = Self.error { try Self.choice(body) }
    #expect(error?.code == .backupRefused)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(error?.hint != nil)
  }

  @Test(
    "what is whole in itself is not",
    arguments: [
      "", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n", table,
      // Rows of a table that the extension makes.
      "CREATE EXTENSION e;\nCOPY public.settings (a) FROM stdin;\n1\n\\.\n",
      "CREATE TABLE t (a int);\nINSERT INTO public.t VALUES (1);\n",
      "CREATE VIEW public.v AS SELECT 1;\nCREATE TRIGGER t INSTEAD OF INSERT ON public.v EXECUTE FUNCTION f();\n",
    ])
  func wholes(body: String) throws { _ = try Self.choice(body) }

  @Test("a cluster's globals and what is no dump at all are refused")
  func others() {
    let globals =
      "-- PostgreSQL database cluster dump\nCREATE ROLE joe;\n-- PostgreSQL database cluster dump complete\n"
    #expect(Self.error { try Self.choice(globals, isBare: true) }?.message.contains("holds no database") == true)
    let passwords = "root:x:0:0:root:/root:/bin/bash\n"
    #expect(Self.error { try Self.choice(passwords, isBare: true) }?.message.contains("is no SQL dump") == true)
  }

  @Test("what reaches out of the database is refused with the first line of it")
  func escapes() throws {
    let choice = try Self.choice("\(Self.table)ALTER SYSTEM SET fsync = off;\nCOPY t FROM PROGRAM 'id';\n")
    let error = #expect(throws: RecoverError.self) { try choice.refuseEscapes() }
    #expect(error?.code == .backupRefused)
    #expect(error?.message.contains("line 9: changes the server's configuration, and 1 more") == true)
    try Self.choice(Self.table).refuseEscapes()
  }

  @Test("the properties of the database are taken from the dump only where it has the live one's name")
  func properties() throws {
    let body = """
      CREATE DATABASE app WITH TEMPLATE = template0 ENCODING = 'LATIN1' LOCALE = 'C';
      ALTER DATABASE app OWNER TO joe;
      \\connect app
      COMMENT ON DATABASE app IS 'x';
      \(Self.table)
      """
    let own = try Self.choice(body)
    #expect(
      own.propertyStatements(for: "app") == ["ALTER DATABASE app OWNER TO joe;", "COMMENT ON DATABASE app IS 'x';"])
    #expect(own.creation != .serverDefaults)
    #expect(try Self.choice(body, of: "other").propertyStatements(for: "other").isEmpty)
    #expect(own.warnings(serverVersion: 150_000, name: "app").isEmpty)
    #expect(own.warnings(serverVersion: 150_000, name: "other").contains { $0.contains("of database app") })
  }

  @Test("what the server has to have is collected")
  func requirements() throws {
    let needs = try Self.choice(
      """
      SET client_encoding = 'LATIN1';
      CREATE EXTENSION hstore;
      SET default_tablespace = fast;
      \(Self.table)
      ALTER TABLE public.t OWNER TO joe;
      CREATE PROCEDURAL LANGUAGE plmystery;
      CREATE PROCEDURAL LANGUAGE plown HANDLER public.h;
      GRANT ALL ON TABLE public.t TO "public";
      """
    ).requirements
    #expect(needs.roles == ["joe"])
    #expect(needs.extensions == ["hstore"])
    #expect(needs.languages == ["plmystery"])
    #expect(needs.tablespaces == ["fast"])
    #expect(needs.encodings == ["LATIN1"])
  }

  @Test("people are told what they should know before they say yes")
  func warnings() throws {
    let bare = try Self.choice("CREATE TABLE t (a int);\n", isBare: true).warnings(serverVersion: 150_000, name: "app")
    #expect(bare.contains { $0.contains("does not end as pg_dump ends one") })
    #expect(bare.contains { $0.contains("no rows at all") })
    let newer = try Self.choice("-- Dumped from database version 17.1\n\(Self.table)")
    #expect(newer.warnings(serverVersion: 150_000, name: "app").contains { $0.contains("PostgreSQL 17, newer") })
    #expect(newer.warnings(serverVersion: 170_000, name: "app").isEmpty)
  }
}
