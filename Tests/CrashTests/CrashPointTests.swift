internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Kills the real binary at every named point of the db procedure, resumes it, and compares with an unbroken run.
@Suite(.serialized)
struct CrashPointTests {
  static let live = "CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, 'live');"
  static let backup = """
    CREATE TABLE note (id int PRIMARY KEY, text text);
    INSERT INTO note SELECT i, 'backup ' || i FROM generate_series(1, 500) i;
    CREATE TABLE part (id bigint GENERATED ALWAYS AS IDENTITY, note int REFERENCES note);
    INSERT INTO part (note) SELECT i FROM generate_series(1, 500) i;
    """

  /// The points of a run: before and after each record that its journal holds.
  static func points(of run: TestProcess.Result) -> [String] {
    var points: [String] = []
    for line in run.outputText.split(separator: "\n") {
      guard let event = try? JSONValue.decode(JSONValue.self, from: Array(line.utf8)),
        let kind = event["kind"]?.string, event["event"] != nil, kind != "planned"
      else { continue }
      let point = event["step"]?.string.map { "\(kind).\($0)" } ?? kind
      for name in ["before-\(point)", point] where !points.contains(name) { points.append(name) }
    }
    return points
  }

  /// The same without those that leave what another one leaves.
  ///
  /// Before a record, but for one that says what a step did, nothing has happened since the record before it. The
  /// simulation crashes at all of them.
  static func distinctPoints(of run: TestProcess.Result) -> [String] {
    let deeds = ["before-step-succeeded.", "before-step-undone.", "before-checkpoint."]
    return points(of: run).filter { point in
      !point.hasPrefix("before-") || deeds.contains { point.hasPrefix($0) }
    }
  }

  @Test("a crash at any point of a recovery is resumed to the end of an unbroken one")
  func everyPoint() throws {
    let server = try ScratchPostgres.shared()
    let expected = try RecoverLab(server: server, sql: Self.live)
    let dump = try server.withDatabase("source") { source in
      try server.sql(Self.backup, in: source)
      return try expected.dump(source, to: "backup.sql")
    }
    let unbroken = try expected.recover(["db", "--from", dump, "--jobs", "2", "--yes", "--json"])
    #expect(unbroken.status == 0, "\(unbroken.errorText)")
    let content = try expected.content(of: expected.database)
    let points =
      Self.distinctPoints(of: unbroken) + [
        "load.commit", "load.build", "load.constraints", "load.validate", "load.rest", "swap.before-commit",
        "swap.after-commit",
      ]
    #expect(points.count > 30)
    for point in points {
      let lab = try RecoverLab(server: server, sql: Self.live)
      let crashed = try lab.recover(
        ["db", "--from", dump, "--jobs", "2", "--yes"], environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      let resumed = try lab.recover(["resume", "last"])
      #expect(resumed.status == 0, "\(point): \(resumed.errorText)\(resumed.outputText)")
      #expect(try lab.content(of: lab.database) == content, "\(point)")
      #expect(lab.exists("app.running"), "\(point): the service is not running")
      let companions = try lab.companions()
      #expect(companions.count == 1, "\(point): \(companions)")
    }
  }

  @Test("a load over several connections goes on although its index is gone, or damaged", arguments: [true, false])
  func indexGone(isRemoved: Bool) throws {
    let lab = try RecoverLab(server: try ScratchPostgres.shared(), sql: Self.live)
    let dump = try lab.server.withDatabase("source") { source in
      try lab.server.sql(Self.backup, in: source)
      return try lab.dump(source, to: "backup.sql")
    }
    let crashed = try lab.recover(
      ["db", "--from", dump, "--jobs", "2", "--yes"], environment: ["RECOVER_CRASH_AT": "load.constraints"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    let found = try TestProcess.output(["find", lab.directory, "-name", "dump-index"])
    let kept = String(decoding: found, as: UTF8.self)
      .split(separator: "\n").map(String.init)
    #expect(kept.count == 1)
    for path in kept { try TestProcess.output(isRemoved ? ["rm", path] : ["truncate", "-s", "-1", path]) }
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
  }

  @Test("a .gz that is killed in the middle of a load over several connections goes on in its middle")
  func compressed() throws {
    let lab = try RecoverLab(server: try ScratchPostgres.shared(), sql: Self.live)
    let tables = (1...4).map { number in
      """
      CREATE TABLE wide\(number) AS SELECT i, md5(i::text || \(number)) || repeat('x', 1900) AS t
        FROM generate_series(1, 3000) i;
      CREATE INDEX ON wide\(number) (i);
      """
    }
    let content = try lab.server.withDatabase("source") { source in
      try lab.server.sql(Self.backup + tables.joined(), in: source)
      try TestProcess.output(["gzip", "-1", try lab.dump(source, to: "backup.sql")])
      return try lab.fingerprint(of: source)
    }
    let crashed = try lab.recover(
      ["db", "--from", "\(lab.directory)/backup.sql.gz", "--jobs", "2", "--yes"],
      environment: ["RECOVER_CRASH_AT": "load.commit:4"])
    #expect(crashed.status == 137, "\(crashed.errorText)\(crashed.outputText)")
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.outputText.contains("went on where the last runner stopped"), "\(resumed.outputText)")
    #expect(try lab.fingerprint(of: lab.database) == content)
  }

  @Test("a crash at any point of a rollback is resumed to the live database as it was")
  func everyUndoPoint() throws {
    let server = try ScratchPostgres.shared()
    let expected = try RecoverLab(server: server, sql: Self.live)
    let dump = try server.withDatabase("source") { source in
      try server.sql(Self.backup, in: source)
      return try expected.dump(source, to: "backup.sql")
    }
    try expected.write("exit 1", to: "unhealthy")
    let policy = "    after-restore: [{name: break, shell: \"rm -f HERE/healthy\", undo: \"touch HERE/healthy\"}]"
    func lab() throws -> RecoverLab {
      let lab = try RecoverLab(server: server, sql: Self.live)
      try lab.write(
        try TestProcess.output([
          "sed", "s|health: \\[app\\]|&\\n\(policy.replacing("HERE", with: lab.directory))|",
          "\(lab.directory)/policies/environment.yaml",
        ]).text,
        to: "policies/environment.yaml")
      return lab
    }
    let first = try lab()
    let unbroken = try first.recover(["db", "--from", dump, "--yes", "--json"])
    #expect(unbroken.status == 3, "\(unbroken.errorText)")
    let undoPoints = Self.distinctPoints(of: unbroken).drop { !$0.contains("failing") }
    #expect(undoPoints.count > 10)
    for point in undoPoints {
      let lab = try lab()
      let (oid, content) = (try lab.oid(of: lab.database), try lab.content(of: lab.database))
      let crashed = try lab.recover(["db", "--from", dump, "--yes"], environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      let resumed = try lab.recover(["resume", "last"])
      #expect(resumed.status == 3, "\(point): \(resumed.errorText)\(resumed.outputText)")
      #expect(try lab.oid(of: lab.database) == oid, "\(point): another database is live")
      #expect(try lab.content(of: lab.database) == content, "\(point)")
      #expect(lab.exists("app.running"), "\(point): the service is not running")
    }
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}

extension [UInt8] {
  fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
