internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Forms that need a server or a way of their own: parts in turn, other encodings, an extension with rows.
@Suite(.serialized)
struct DumpFormTests {
  private func expect(
    _ result: TestProcess.Result, _ lab: RecoverLab, gives expected: String, _ place: SourceLocation = #_sourceLocation
  ) throws {
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)", sourceLocation: place)
    #expect(try lab.fingerprint(of: lab.database) == expected, sourceLocation: place)
    #expect(lab.exists("app.running"), "the service does not run", sourceLocation: place)
  }

  @Test("the parts that --section writes are restored in turn, plain, compressed and as an archive")
  func sections() throws {
    let source = try DumpEqualityTests.Source.shared()
    let lab = try RecoverLab(server: source.server, sql: DumpEqualityTests.live)
    var parts = try ["pre-data", "data", "post-data"].map {
      try lab.dump(source.name, to: "\($0).sql", options: ["--section=\($0)"])
    }
    let expected = try source.server.withDatabase("psql") { database in
      for part in parts { try source.server.psql(database, file: part) }
      return try lab.fingerprint(of: database)
    }
    try TestProcess.output(["gzip", parts[1]])
    parts[1] += ".gz"
    parts[2] = "\(lab.directory)/post-data.dump"
    try TestProcess.output(
      [ScratchPostgres.programs + "pg_dump"] + source.server.connectionArguments(source.name)
        + ["-Fc", "--section=post-data", "--file=\(parts[2])"])
    let arguments = ["db", "--yes"] + parts.flatMap { ["--from", $0] }
    try expect(try lab.recover(arguments), lab, gives: expected)
    #expect(!lab.exists("state/spool"), "what was put together is left behind")
    // A part that was cut off would go on in the next one.
    try TestProcess.output(["sh", "-c", "gunzip \"$0\".gz; truncate -s 9000 \"$0\"", "\(lab.directory)/data.sql"])
    let cut = try lab.recover(["db", "--yes", "--from", parts[0], "--from", "data.sql", "--from", parts[2]])
    #expect(cut.status == 5, "\(cut.errorText)")
    #expect(cut.errorText.contains("data.sql was cut off"), "\(cut.errorText)")
  }

  @Test(
    "databases in other encodings, with and without standard strings",
    arguments: [("LATIN1", "off"), ("SQL_ASCII", "on")])
  func encodings(encoding: String, standardStrings: String) throws {
    let server = try ScratchPostgres.shared()
    let options = "ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'"
    let source = try server.makeDatabase("encoded", options: options)
    defer { try? server.dropDatabase(source) }
    try server.sql(
      """
      ALTER DATABASE \(source) SET standard_conforming_strings = \(standardStrings);
      SET client_encoding = 'LATIN1';
      SET standard_conforming_strings = on;
      CREATE TABLE t (id int PRIMARY KEY, "back\\slash" text DEFAULT 'a\\b', note text);
      INSERT INTO t SELECT i, repeat('\\', i % 4), convert_from('\\xe4f6fc'::bytea, 'LATIN1') || E'\\n\\\\.\\n' || i
        FROM generate_series(1, 200) i;
      COMMENT ON COLUMN t.note IS 'it''s \\ a comment';
      CREATE VIEW v AS SELECT id, 'x\\y' AS s FROM t WHERE "back\\slash" <> '\\\\';
      """.replacingUmlautsFor(encoding), in: source)
    for form in [[], ["--inserts"], ["-Fc"]] {
      let lab = try RecoverLab(server: server, sql: "")
      try server.dropDatabase(lab.database)
      try server.sql("CREATE DATABASE \(lab.database) TEMPLATE template0 \(options)")
      // Settings of the live database stay: pg_dump's own text depends on this one.
      try server.sql("ALTER DATABASE \(lab.database) SET standard_conforming_strings = \(standardStrings)")
      let path = "\(lab.directory)/backup"
      try TestProcess.output(
        [ScratchPostgres.programs + "pg_dump"] + server.connectionArguments(source) + form + ["--file=\(path)"])
      if form != ["-Fc"] {
        #expect(
          try TestProcess.run(["grep", "-c", "standard_conforming_strings = \(standardStrings)", path]).status == 0)
      }
      try expect(
        try lab.recover(["db", "--yes", "--from", path]), lab, gives: try lab.fingerprint(of: source))
    }
  }

  @Test("an extension of our own, with rows of its own and ours in its tables")
  func ownExtension() throws {
    var options = ScratchPostgres.Options()
    options.extensionFiles = [
      "own.control": "default_version = '1.0'\nrelocatable = true\n",
      "own--1.0.sql": """
      CREATE TABLE own_settings (name text PRIMARY KEY, value text, builtin boolean NOT NULL DEFAULT false);
      INSERT INTO own_settings VALUES ('a', 'of the extension', true), ('b', 'of the extension too', true);
      CREATE SEQUENCE own_sequence;
      SELECT pg_catalog.pg_extension_config_dump('own_settings', 'WHERE NOT builtin');
      SELECT pg_catalog.pg_extension_config_dump('own_sequence', '');
      """,
    ]
    let server = try ScratchPostgres(options)
    let source = try server.makeDatabase("source")
    try server.sql(
      """
      CREATE SCHEMA ext; CREATE EXTENSION own SCHEMA ext;
      INSERT INTO ext.own_settings SELECT 'our ' || i, 'value' FROM generate_series(1, 50) i;
      SELECT setval('ext.own_sequence', 77);
      CREATE TABLE t (setting text REFERENCES ext.own_settings); INSERT INTO t VALUES ('a'), ('our 7');
      """, in: source)
    for form in [[], ["--inserts"], ["-Fc"]] {
      let lab = try RecoverLab(server: server, sql: "")
      let path = "\(lab.directory)/backup"
      try TestProcess.output(
        [ScratchPostgres.programs + "pg_dump"] + server.connectionArguments(source) + form + ["--file=\(path)"])
      try expect(
        try lab.recover(["db", "--yes", "--from", path]), lab, gives: try lab.fingerprint(of: source))
      #expect(try server.sql("SELECT count(*) FROM ext.own_settings", in: lab.database) == "52")
    }
  }
}

extension String {
  /// SQL_ASCII converts nothing: there the bytes are made as they are.
  fileprivate func replacingUmlautsFor(_ encoding: String) -> String {
    guard encoding == "SQL_ASCII" else { return self }
    let parts = split(separator: "convert_from('\\xe4f6fc'::bytea, 'LATIN1')", omittingEmptySubsequences: false)
    return parts.joined(separator: "E'\\xe4\\xf6\\xfc'")
  }
}
