internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@Suite("dump lines for psql")
struct MetaCommandTests {
  private static func commands(_ dump: String) throws -> [DumpMetaCommand] {
    try ReadPieces.all(dump).compactMap { if case .metaCommand(let command) = $0.piece.kind { command } else { nil } }
  }

  @Test(
    "the four commands of dumps are read",
    arguments: [
      ("\\restrict aB3\n", [.restrict(key: "aB3")]),
      ("\\restrict k\n\\unrestrict k", [.restrict(key: "k"), .unrestrict(key: "k")]),
      ("\\encoding SQL_ASCII\r\n", [.encoding("SQL_ASCII")]),
      ("\\connect postgres\n", [.connect(database: "postgres")]),
      ("\\c \"My db\"\n", [.connect(database: "My db")]), ("\\connect - - - -\n", [.connect(database: nil)]),
      ("\\connect\n", [.connect(database: nil)]), ("\\connect 'x''y'\n", [.connect(database: "x'y")]),
      (#"\connect -reuse-previous=on "dbname='we ird""x'""# + "\n", [.connect(database: "we ird\"x")]),
      (#"\connect -reuse-previous=on "dbname='it\\\'s'""# + "\n", [.connect(database: "it\\'s")]),
      ("\\connect -reuse-previous=on dbname=a-b\n", [.connect(database: "a-b")]),
      ("SELECT 1; \\connect a\nSELECT 2;", [.connect(database: "a")]),
    ] as [(String, [DumpMetaCommand])])
  func accepted(dump: String, commands: [DumpMetaCommand]) throws {
    #expect(try Self.commands(dump) == commands)
  }

  @Test(
    "every other line for psql is refused with its place",
    arguments: [
      "\\! touch /tmp/x", "\\copy t from '/etc/passwd'", "\\i other.sql", "\\o |sh", "\\gexec", "\\set x 1", "\\",
      "\\\\", "\\.",
      "\\connect a b", "\\connect - postgres", "\\connect a - evil.example", "\\connect host=evil.example dbname=x",
      "\\connect dbname='x' host=evil", "\\connect postgres://evil/x", "\\connect `id`", "\\connect :db",
      "\\connect 'a",
      "\\connect a \\! id", "\\restrict", "\\restrict ''", "\\restrict a b", "\\unrestrict a", "\\encoding",
      "\\encoding a b",
      "\\connect dbname='a' b'", "\\connect 'a\\x'",
    ])
  func refused(line: String) throws {
    let error = try #require(ReadPieces.refusal("SELECT 1;\n\(line)\n"))
    #expect(error.code == .backupRefused)
    #expect(error.message.hasPrefix("x.sql: line 2, byte 10: "), "\(error.message)")
  }

  @Test(
    "a backslash inside of a statement is refused", arguments: ["SELECT 1 \\gexec\n", "SELECT (1 \\; 2)", "(\\! id\n"])
  func insideStatement(dump: String) {
    #expect(ReadPieces.refusal(dump)?.code == .backupRefused)
  }

  @Test(
    "between restrict and unrestrict nothing but the same key is taken",
    arguments: [
      "\\connect a", "\\encoding UTF8", "\\restrict k", "\\restrict other", "\\unrestrict other", "\\unrestrict K",
    ])
  func restricted(line: String) throws {
    #expect(ReadPieces.refusal("\\restrict k\nSELECT 1;\n\(line)\n")?.message.contains("line 3, byte 22") == true)
    #expect(try Self.commands("\\restrict k\nSELECT 1;\n\\unrestrict k\n\\connect a\n\\restrict k\n").count == 4)
  }

  @Test("a new database starts with the server's settings again")
  func connect() throws {
    let dump = """
      \\encoding LATIN1
      SET standard_conforming_strings = off;
      \\connect a
      SELECT '\\';
      SET client_encoding = 'UTF8';
      \\connect -
      """
    let states = try ReadPieces.all(Array(dump.utf8)).states
    #expect(states.map(\.clientEncoding).contains("LATIN1"))
    #expect(states.last?.clientEncoding == nil)
    #expect(states.last?.database == "a")
    #expect(states.last?.standardConformingStrings == true)
    #expect(try ReadPieces.statements(dump).count == 3)
  }

  @Test("commands inside of literals and data are text")
  func notCommands() throws {
    #expect(try Self.commands("SELECT '\n\\! id\n';\nSELECT $$\n\\! id\n$$; -- \\! id\n/*\n\\! id\n*/").isEmpty)
    #expect(try Self.commands("COPY t FROM stdin;\n\\! id\n\\.\n").isEmpty)
  }
}
