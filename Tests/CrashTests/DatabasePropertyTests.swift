internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// A restored database is, as a database, what the live one was: `pg_dump -C` says the same of both.
@Suite(.serialized)
struct DatabasePropertyTests {
  /// What `pg_dump --create` says of a database as a whole.
  private static func properties(of database: String, in lab: RecoverLab) throws -> [String] {
    let dump = String(decoding: try lab.server.pgDump(database, options: ["--create", "--schema-only"]), as: UTF8.self)
    return dump.split(separator: "\n").map(String.init).filter {
      $0.contains(" DATABASE \(database)") && !$0.hasPrefix("--")
    }.sorted()
  }

  private static func lab(_ server: ScratchPostgres, creation: String) throws -> RecoverLab {
    let lab = try RecoverLab(server: server, sql: "")
    let name = lab.database
    try server.dropDatabase(name)
    try server.sql("CREATE DATABASE \(name) TEMPLATE template0 \(creation)")
    try server.sql("CREATE TABLE note (id int); INSERT INTO note VALUES (1)", in: name)
    try server.sql(
      """
      ALTER DATABASE \(name) OWNER TO property_owner;
      ALTER DATABASE \(name) CONNECTION LIMIT 17;
      ALTER DATABASE \(name) SET work_mem = '9MB';
      ALTER DATABASE \(name) SET search_path = "$user", 'it''s; odd', public;
      ALTER DATABASE \(name) SET statement_timeout = '1ms';
      ALTER DATABASE \(name) SET default_transaction_read_only = on;
      ALTER ROLE property_reader IN DATABASE \(name) SET work_mem = '8MB';
      ALTER ROLE property_owner IN DATABASE \(name) SET DateStyle = 'German';
      COMMENT ON DATABASE \(name) IS 'the live; ''one'' \\ $$';
      REVOKE CONNECT, TEMPORARY ON DATABASE \(name) FROM PUBLIC;
      GRANT CONNECT ON DATABASE \(name) TO property_reader WITH GRANT OPTION;
      GRANT CREATE ON DATABASE \(name) TO property_reader;
      """)
    return lab
  }

  @Test(
    "owner, rights, settings, limit, comment, encoding, locale and tablespace are those of the live one",
    arguments: [
      "TABLESPACE beside", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TABLESPACE beside",
      "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
    ])
  func properties(creation: String) throws {
    let server = try Self.server.get()
    // The dump is of a database with other properties under the same name: the live one's win.
    let lab = try Self.lab(server, creation: creation)
    let expected = try Self.properties(of: lab.database, in: lab)
    #expect(expected.count >= 12, "\(expected)")
    let dump = try server.withDatabase("source") { source in
      try server.sql(
        """
        CREATE TABLE note (id int); INSERT INTO note SELECT generate_series(1, 50);
        ALTER DATABASE \(source) SET work_mem = '1MB'; ALTER DATABASE \(source) CONNECTION LIMIT 3;
        COMMENT ON DATABASE \(source) IS 'of the dump'; GRANT CREATE ON DATABASE \(source) TO PUBLIC;
        """, in: source)
      let text = String(decoding: try server.pgDump(source, options: ["--create"]), as: UTF8.self)
      try lab.write(
        text.split(separator: source, omittingEmptySubsequences: false).joined(separator: lab.database),
        to: "backup.sql")
      return "\(lab.directory)/backup.sql"
    }
    let oid = try lab.oid(of: lab.database)
    let result = try lab.recover(["db", "--from", dump, "--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try lab.oid(of: lab.database) != oid)
    #expect(try Self.properties(of: lab.database, in: lab) == expected)
    // And again after it was swapped back.
    let undone = try lab.recover(["undo", "last", "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
    #expect(try lab.oid(of: lab.database) == oid)
    #expect(try Self.properties(of: lab.database, in: lab) == expected)
  }

  /// With roles and a tablespace, so not the shared one.
  private static let server = Result {
    let server = try ScratchPostgres()
    let place = try server.makeServerDirectory("beside")
    try server.sql("CREATE ROLE property_owner; CREATE ROLE property_reader")
    try server.sql("CREATE TABLESPACE beside LOCATION '\(place)'")
    return server
  }
}
