internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover backup db` with the real binary and server, and restores from what it makes.
@Suite(.serialized)
struct BackupTests {
  static let live = "CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, 'live');"

  /// A database with one of every kind of object, and more large objects.
  private func everything() throws -> DumpEqualityTests.Source { try DumpEqualityTests.Source.shared() }

  private func expectSame(
    _ found: [String], _ expected: [String], _ place: SourceLocation = #_sourceLocation
  ) {
    let first = zip(found, expected).first { $0 != $1 }
    #expect(found.count == expected.count && first == nil, "\(String(describing: first))", sourceLocation: place)
  }

  @Test("a backup of one of everything is what pg_dump writes, and restores alike by psql and by recover")
  func equality() throws {
    let source = try everything()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    let backup = try lab.makeBackup(source.name, ["--jobs", "3", "--with-roles"])
    let name = source.name
    #expect(try lab.files(backup) == ["\(name).sql.gz", "\(name).sql.gz.index", "manifest.json", "roles.sql"])
    let dump = String(decoding: try source.server.pgDump(source.name), as: UTF8.self)
    expectSame(RecoverLab.statements(try lab.dumpText(backup)), RecoverLab.statements(dump))
    let expected = try lab.contentByPsql(try lab.dump(source.name, to: "pg_dump.sql"))
    expectSame(try lab.contentByPsql(ofBackup: backup), expected)

    let restored = try lab.recover(["db", "--yes", "--from", backup])
    #expect(restored.status == 0, "\(restored.errorText)\(restored.outputText)")
    expectSame(try lab.content(of: lab.database), expected)
    let list = try lab.recover(["backup", "list", "--repository", lab.repository])
    #expect(list.outputText.contains(" verified "), "\(list.outputText)")
    let show = try lab.recover(["backup", "show", "last", "--check", "--repository", lab.repository])
    #expect(show.status == 0 && show.outputText.contains("every file is as it was written"), "\(show.errorText)")
  }

  @Test("databases of other encodings keep their bytes", arguments: ["LATIN1", "SQL_ASCII", "EUC_JP"])
  func encodings(encoding: String) throws {
    let server = try ScratchPostgres.shared()
    let lab = try RecoverLab(server: server, sql: Self.live)
    let options = "ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'"
    try server.withDatabase("encoded", options: options) { database in
      let word = encoding == "EUC_JP" ? "日本" : "é"
      try server.sql(
        """
        SET client_encoding = '\(encoding == "SQL_ASCII" ? "SQL_ASCII" : "UTF8")';
        CREATE TABLE "t \(word)" ("c \(word)" text, b bytea);
        INSERT INTO "t \(word)" SELECT '\(word)\\' || i || E'\\t\\n', '\\x00ff' FROM generate_series(1, 100) AS i;
        CREATE SEQUENCE "s \(word)"; SELECT nextval('"s \(word)"');
        """, in: database)
      let backup = try lab.makeBackup(database)
      let expected = try lab.content(of: database, options: ["--encoding=\(encoding)"])
      try server.withDatabase("restored", options: options) { restored in
        let psql = (["psql", "-qX", "--set=ON_ERROR_STOP=1"] + server.connectionArguments(restored))
          .map { "'\($0)'" }.joined(separator: " ")
        try TestProcess.output(["sh", "-c", "gunzip -c \"$0\"/*.sql.gz | \(ScratchPostgres.programs)\(psql)", backup])
        expectSame(try lab.content(of: restored, options: ["--encoding=\(encoding)"]), expected)
      }
      let result = try lab.recover(["db", "--yes", "--from", backup, "--database", server.url(database)])
      #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
      expectSame(try lab.content(of: database, options: ["--encoding=\(encoding)"]), expected)
      try server.sql(
        "SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE datname LIKE '\(database)\\_%' \\gexec")
    }
  }

  @Test("rows of an extension's configuration are kept as its condition says, in the order of their references")
  func configuration() throws {
    let server = try ScratchPostgres.shared()
    let lab = try RecoverLab(server: server, sql: Self.live)
    try server.withDatabase("configured") { database in
      try server.sql(
        """
        CREATE EXTENSION hstore;
        CREATE TABLE setting (id int PRIMARY KEY, parent int, own boolean); CREATE SEQUENCE counter;
        CREATE TABLE base (id int PRIMARY KEY);
        ALTER TABLE setting ADD FOREIGN KEY (parent) REFERENCES base;
        INSERT INTO base VALUES (1); INSERT INTO setting SELECT i, 1, i > 10 FROM generate_series(1, 25) i;
        SELECT setval('counter', 77); CREATE TABLE secret (a int); INSERT INTO secret VALUES (1);
        ALTER EXTENSION hstore ADD TABLE setting; ALTER EXTENSION hstore ADD TABLE base;
        ALTER EXTENSION hstore ADD TABLE secret; ALTER EXTENSION hstore ADD SEQUENCE counter;
        UPDATE pg_extension SET
          extconfig = ARRAY['setting'::regclass, 'base'::regclass, 'counter'::regclass],
          extcondition = ARRAY['WHERE own', '', ''] WHERE extname = 'hstore';
        """, in: database)
      let text = try lab.dumpText(try lab.makeBackup(database))
      let dump = String(decoding: try server.pgDump(database), as: UTF8.self)
      expectSame(RecoverLab.statements(text), RecoverLab.statements(dump))
      let base = try #require(text.firstRange(of: "COPY public.base")).lowerBound
      #expect(base < (try #require(text.firstRange(of: "COPY public.setting")).lowerBound))
    }
  }

  @Test("a role that row-level security hides rows from gets no backup that lacks them")
  func rowSecurity() throws {
    let server = try ScratchPostgres()
    let lab = try RecoverLab(
      server: server,
      sql: """
        CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 100);
        CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        CREATE POLICY some_rows ON t FOR SELECT TO reader USING (a <= 25);
        """)
    let result = try lab.backup(lab.database, user: "reader")
    #expect(result.status == 1, "\(result.errorText)\(result.outputText)")
    #expect(result.errorText.contains("row-level security"), "\(result.errorText)")
    #expect(try lab.files("\(lab.repository)/db/\(lab.database)").isEmpty)
    try server.sql("ALTER ROLE reader BYPASSRLS", in: lab.database)
    let whole = try lab.backup(lab.database, user: "reader")
    #expect(whole.status == 0 && whole.outputText.contains("\"rows\":100"), "\(whole.errorText)\(whole.outputText)")
  }
}
