internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// The real binary makes of an archive what pg_restore makes of it.
@Suite(.serialized)
struct ArchiveRestoreTests {
  private let source: DumpEqualityTests.Source

  init() throws { source = try DumpEqualityTests.Source.shared() }

  private func archive(_ lab: RecoverLab, _ options: [String]) throws -> String {
    let path = "\(lab.directory)/archive"
    let program = [ScratchPostgres.programs + "pg_dump"] + source.server.connectionArguments(source.name)
    try TestProcess.output(program + options + ["--file=\(path)"])
    return path
  }

  /// What `pg_restore -d` makes of it.
  private func contentByPgRestore(_ lab: RecoverLab, _ archive: String) throws -> [String] {
    try source.server.withDatabase("restored") { database in
      try TestProcess.output(
        [ScratchPostgres.programs + "pg_restore", "--exit-on-error"] + source.server.connectionArguments(database)
          + [archive])
      return try lab.content(of: database)
    }
  }

  private func expect(
    _ lab: RecoverLab, _ result: TestProcess.Result, gives expected: [String],
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)", sourceLocation: place)
    let content = try lab.content(of: lab.database)
    let first = zip(content, expected).first { $0 != $1 }
    #expect(
      first == nil && content.count == expected.count, "\(String(describing: first))", sourceLocation: place)
    #expect(lab.exists("app.running"), "the service does not run", sourceLocation: place)
  }

  @Test(
    "every form of an archive with one of everything", arguments: [["-Fc"], ["-Fd"], ["-Ft"], ["-Fd", "--inserts"]])
  func forms(options: [String]) throws {
    let lab = try RecoverLab(server: source.server, sql: DumpEqualityTests.live)
    let archive = try archive(lab, options)
    let expected = try contentByPgRestore(lab, archive)
    let result = try lab.recover(["db", "--yes", "--from", archive])
    try expect(lab, result, gives: expected)
    #expect(result.outputText.contains("pg_restore"), "nobody says what read it: \(result.outputText)")
  }

  @Test("an archive from standard input", arguments: ["-Fc", "-Ft"])
  func standardInput(form: String) throws {
    let lab = try RecoverLab(server: source.server, sql: DumpEqualityTests.live)
    let archive = try archive(lab, [form])
    let expected = try contentByPgRestore(lab, archive)
    try expect(lab, try lab.recover(["db", "--yes", "--from", "-"], input: .file(archive)), gives: expected)
  }

  @Test(
    "a load from an archive that is killed goes on where it stopped",
    arguments: [("-Fc", false), ("-Fc", true), ("-Fd", false), ("-Ft", false)])
  func resumed(form: String, losesMap: Bool) throws {
    let server = source.server
    let lab = try RecoverLab(server: server, sql: DumpEqualityTests.live)
    let (archive, expected) = try server.withDatabase("large") { database in
      try server.sql(
        """
        CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE b (LIKE a INCLUDING ALL);
        INSERT INTO a SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, 60000) i;
        INSERT INTO b SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, 60000) i;
        """, in: database)
      let path = "\(lab.directory)/large"
      let program = [ScratchPostgres.programs + "pg_dump"] + server.connectionArguments(database)
      try TestProcess.output(program + [form, "--file=\(path)"])
      return (path, try lab.fingerprint(of: database))
    }
    let crashed = try lab.recover(
      ["db", "--yes", "--from", archive], environment: ["RECOVER_CRASH_AT": "load.commit:2"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    let map = "ls \"$0\"/state/runs/*/archive-map.json | wc -l"
    #expect(try TestProcess.output(["sh", "-c", map, lab.directory]) == Array("1\n".utf8))
    if losesMap { try TestProcess.output(["sh", "-c", "rm \"$0\"/state/runs/*/archive-map.json", lab.directory]) }
    let result = try lab.recover(["resume", "last"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try lab.fingerprint(of: lab.database) == expected)
  }

  @Test("a damaged archive is refused before anything stops")
  func damaged() throws {
    let lab = try RecoverLab(server: source.server, sql: DumpEqualityTests.live)
    let archive = try archive(lab, ["-Fd"])
    try TestProcess.output(["sh", "-c", "rm \"$(ls \"$0\"/[0-9]*.dat.gz | head -n 1)\"", archive])
    let before = try Untouched(lab)
    try before.expectRefusal(
      try lab.recover(["db", "--yes", "--from", archive]), status: 5, saying: ".dat is not there")
  }

  @Test("doctor names the pg_restore that reads archives")
  func doctor() throws {
    let lab = try RecoverLab(server: source.server, sql: "")
    #expect(try lab.recover(["doctor"]).outputText.contains("pg_restore: "))
  }
}
