internal import RecoverTestSupport
internal import Testing

/// What a lab was like before something that must not change it.
struct Untouched {
  private let lab: RecoverLab
  private let oid: Int?
  private let content: [String]

  init(_ lab: RecoverLab) throws {
    self.lab = lab
    oid = try lab.oid(of: lab.database)
    content = try lab.content(of: lab.database)
  }

  /// The live database is the same one with the same content, and its service runs.
  func expect(_ place: SourceLocation = #_sourceLocation) throws {
    #expect(try lab.oid(of: lab.database) == oid, "another database is live", sourceLocation: place)
    #expect(try lab.content(of: lab.database) == content, sourceLocation: place)
    #expect(lab.exists("app.running"), "the service does not run", sourceLocation: place)
  }

  /// A command failed with a status and a hint, nothing has changed, and nothing is left behind.
  func expectRefusal(
    _ result: TestProcess.Result, status: Int32, saying text: String = "", _ place: SourceLocation = #_sourceLocation
  ) throws {
    #expect(result.status == status, "\(result.errorText)\(result.outputText)", sourceLocation: place)
    #expect(result.errorText.contains("hint:"), "\(result.errorText)", sourceLocation: place)
    #expect(text.isEmpty || result.errorText.contains(text), "\(result.errorText)", sourceLocation: place)
    try expect(place)
    let companions = try lab.companions()
    #expect(companions.isEmpty, "left behind: \(companions)", sourceLocation: place)
  }
}

extension RecoverLab {
  /// A database with one note, and a dump of another with many.
  static func withNotes(
    _ server: ScratchPostgres, environment: String = "development", extraPolicy: String = "", rows: Int = 2000
  ) throws -> (RecoverLab, dump: String) {
    let lab = try RecoverLab(
      server: server,
      sql: "CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, 'live');",
      environment: environment, extraPolicy: extraPolicy)
    let dump = try server.withDatabase("source") { source in
      try server.sql(
        "CREATE TABLE note (id int PRIMARY KEY, text text);"
          + "INSERT INTO note SELECT i, repeat('x', 50) FROM generate_series(1, \(rows)) i", in: source)
      return try lab.dump(source, to: "backup.sql")
    }
    return (lab, dump)
  }
}
