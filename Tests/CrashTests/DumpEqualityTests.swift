internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// The real binary makes of a dump what psql makes of it, in every form in which pg_dump writes one.
@Suite(.serialized)
struct DumpEqualityTests {
  /// A database with one of every kind of object, on a server of its own, since it makes roles.
  struct Source: Sendable {
    let server: ScratchPostgres
    let name: String

    private static let made = Result { try Source() }

    static func shared() throws -> Source { try made.get() }

    private init() throws {
      server = try ScratchPostgres()
      name = try server.makeDatabase("everything")
      try server.psql(name, file: Fixtures.path("dumps/everything.sql"))
      try server.sql("CREATE DATABASE other; COMMENT ON DATABASE \(name) IS 'of the dump; ''it'''")
      try server.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)", in: "other")
    }

    /// What psql makes of a file that creates and connects to the database itself.
    func contentByPsqlAlone(_ lab: RecoverLab, _ file: String, stopOnError: Bool) throws -> [String] {
      try server.sql("ALTER DATABASE \(name) RENAME TO \(name)_aside")
      defer {
        try? server.dropDatabase(name)
        _ = try? server.sql("ALTER DATABASE \(name)_aside RENAME TO \(name)")
      }
      try server.psql("postgres", file: file, stopOnError: stopOnError)
      return try lab.content(of: name)
    }
  }

  static let live = "CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, 'live');"

  /// Recovers from a file, and compares with what is expected.
  private func expect(
    _ lab: RecoverLab, from arguments: [String], input: TestProcess.Input = .nothing, gives expected: [String],
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    let result = try lab.recover(["db", "--yes", "--jobs", "2", "--from"] + arguments, input: input)
    #expect(result.status == 0, "\(arguments): \(result.errorText)\(result.outputText)", sourceLocation: place)
    let content = try lab.content(of: lab.database)
    let first = zip(content, expected).first { $0 != $1 }
    #expect(
      first == nil && content.count == expected.count, "\(arguments): \(String(describing: first))",
      sourceLocation: place)
    #expect(lab.exists("app.running"), "the service does not run", sourceLocation: place)
  }

  @Test(
    "every form of a dump with one of everything",
    arguments: [
      [], ["--inserts"], ["--column-inserts"], ["--clean"], ["--clean", "--if-exists"], ["--no-owner"],
      ["--schema-only"], ["--load-via-partition-root", "--disable-triggers"],
      ["--quote-all-identifiers", "--disable-dollar-quoting"],
      ["--inserts", "--rows-per-insert=50", "--on-conflict-do-nothing", "--no-privileges", "--no-comments"],
    ])
  func forms(options: [String]) throws {
    let source = try Source.shared()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    let dump = try lab.dump(source.name, to: "backup.sql", options: options)
    let expected = try lab.contentByPsql(dump, stopOnError: !options.contains("--clean"))
    try expect(lab, from: [dump], gives: expected)
  }

  @Test(
    "a dump that makes its own database is restored under the live one's name",
    arguments: [["--create"], ["--create", "--clean"], ["--create", "--clean", "--if-exists", "--inserts"]])
  func ownDatabase(options: [String]) throws {
    let source = try Source.shared()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    let dump = try lab.dump(source.name, to: "backup.sql", options: options)
    let expected = try source.contentByPsqlAlone(lab, dump, stopOnError: !options.contains("--clean"))
    #expect(try lab.content(of: source.name) == expected)
    try expect(lab, from: [dump], gives: expected)
  }

  @Test("a segment of a whole cluster's dump is restored, by its option or by the live database's name")
  func cluster() throws {
    let source = try Source.shared()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    try lab.write(String(decoding: try source.server.pgDumpAll(), as: UTF8.self), to: "all.sql")
    try expect(lab, from: ["all.sql", "--segment", source.name], gives: try lab.content(of: source.name))
    let other = try lab.content(of: "other")
    try source.server.sql("DELETE FROM t", in: "other")
    defer { _ = try? source.server.sql("DELETE FROM t; INSERT INTO t VALUES (1), (2)", in: "other") }
    let url = source.server.url("other")
    let result = try lab.recover(["db", "--yes", "--from", "all.sql", "--database", url])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try lab.content(of: "other") == other)
    try source.server.sql(
      "SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE datname LIKE 'other\\_%' \\gexec")
  }

  @Test("a compressed dump, and one from standard input, plain or compressed")
  func ways() throws {
    let source = try Source.shared()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    let dump = try lab.dump(source.name, to: "backup.sql")
    let expected = try lab.contentByPsql(dump)
    // Two members, as `cat a.gz b.gz` makes them.
    try TestProcess.output([
      "sh", "-c", "(head -c 9999 \"$0\" | gzip; tail -c +10000 \"$0\" | gzip) > \"$0.gz\"", dump,
    ])
    try expect(lab, from: [dump + ".gz"], gives: expected)
    try expect(lab, from: ["-"], input: .file(dump), gives: expected)
    try expect(lab, from: ["-"], input: .file(dump + ".gz"), gives: expected)
  }

  @Test(
    "dumps of others", .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"),
    arguments: ["chinook.sql", "northwind.sql"])
  func corpora(name: String) throws {
    let lab = try RecoverLab(server: try Source.shared().server, sql: Self.live)
    let file = try #require(Fixtures.corpus("sql/\(name)"))
    try expect(lab, from: [file], gives: try lab.contentByPsql(file))
  }

  private func expectRefused(
    _ lab: RecoverLab, from file: String, saying text: String, _ place: SourceLocation = #_sourceLocation
  ) throws {
    let before = try Untouched(lab)
    try before.expectRefusal(try lab.recover(["db", "--yes", "--from", file]), status: 5, saying: text, place)
  }

  @Test(
    "a dump that holds data without the tables for it is refused before anything stops",
    arguments: [["--data-only"], ["--section=data"], ["--data-only", "--inserts"], ["--section=post-data"]])
  func withoutTables(options: [String]) throws {
    let source = try Source.shared()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    let dump = try lab.dump(source.name, to: "backup.sql", options: options)
    try expectRefused(lab, from: dump, saying: "it makes none of its tables")
  }

  @Test("what is no database's dump is refused")
  func otherFiles() throws {
    let source = try Source.shared()
    let lab = try RecoverLab(server: source.server, sql: Self.live)
    try expectRefused(lab, from: "/etc/passwd", saying: "is no SQL dump")
    let globals = try source.server.pgDumpAll(options: ["--globals-only"])
    try lab.write(String(decoding: globals, as: UTF8.self), to: "globals.sql")
    try expectRefused(lab, from: "globals.sql", saying: "holds no database")
    try lab.write("", to: "empty.sql")
    try expectRefused(lab, from: "empty.sql", saying: "is empty")
  }
}
