internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover db --in-place` with the real binary and server: what it gives, what it gives back, and where it may die.
@Suite(.serialized)
struct InPlaceTests {
  /// With properties of its own, all of which have to survive the drop.
  private static func live(_ database: String, role: String) -> String {
    """
    CREATE TABLE note (id int PRIMARY KEY, text text);
    INSERT INTO note SELECT i, 'live ' || i FROM generate_series(1, 300) i;
    CREATE SEQUENCE counter START 42; SELECT nextval('counter');
    CREATE MATERIALIZED VIEW total AS SELECT count(*) FROM public.note;
    SELECT lo_from_bytea(0, 'large');
    ALTER DATABASE \(database) OWNER TO \(role);
    ALTER DATABASE \(database) SET work_mem = '5MB';
    ALTER ROLE \(role) IN DATABASE \(database) SET timezone = 'Asia/Tokyo';
    ALTER DATABASE \(database) CONNECTION LIMIT 17;
    REVOKE CONNECT ON DATABASE \(database) FROM PUBLIC;
    GRANT CONNECT ON DATABASE \(database) TO \(role) WITH GRANT OPTION;
    COMMENT ON DATABASE \(database) IS 'the one and only';
    """
  }

  private static let backup = """
    CREATE TABLE note (id int PRIMARY KEY, text text);
    INSERT INTO note SELECT i, 'backup ' || i FROM generate_series(1, 500) i;
    """

  private struct Scene {
    let lab: RecoverLab
    let dump: String
    /// What `pg_dump -C` said of the live database before.
    let before: [String]

    /// The content, and the database's own properties.
    func whole() throws -> [String] { try lab.content(of: lab.database, options: ["--create"]) }

    func inPlace(_ more: [String] = [], environment: [String: String] = [:]) throws -> TestProcess.Result {
      try lab.recover(
        ["db", "--from", dump, "--in-place", "--confirm", lab.database, "--no-input"] + more, environment: environment)
    }

    /// The safety dumps that are there, unfinished ones too.
    func safetyDumps() throws -> [String] {
      try TestProcess.run(["find", "\(lab.directory)/state/safety", "-type", "f"]).outputText
        .split(separator: "\n").map(String.init)
    }
  }

  private func scene(hook: String = "") throws -> Scene {
    let server = try ScratchPostgres.shared()
    let role = "in_place_owner"
    try server.sql(
      "DO $$ BEGIN CREATE ROLE \(role) LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    let lab = try RecoverLab(
      server: server, sql: "",
      databasePolicy: hook.isEmpty
        ? "" : "    after-restore: [{name: break, shell: \"\(hook)\", undo: \"touch HERE/healthy\"}]")
    try server.sql(Self.live(lab.database, role: role), in: lab.database)
    let dump = try server.withDatabase("source") { source in
      try server.sql(Self.backup, in: source)
      return try lab.dump(source, to: "backup.sql")
    }
    return Scene(lab: lab, dump: dump, before: try lab.content(of: lab.database, options: ["--create"]))
  }

  /// One whose health fails after the swap, so that everything is undone.
  private func unhealthyScene() throws -> Scene { try scene(hook: "rm -f HERE/healthy") }

  @Test("in place, the result is what psql makes of the dump, with the properties of before")
  func succeeds() throws {
    let scene = try scene()
    let oid = try scene.lab.oid(of: scene.lab.database)
    let content = try scene.lab.content(of: scene.lab.database)
    let result = try scene.inPlace()
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try scene.lab.content(of: scene.lab.database) == scene.lab.contentByPsql(scene.dump))
    #expect(try scene.lab.oid(of: scene.lab.database) != oid)
    // The statements about the database itself are those of before.
    func properties(_ lines: [String]) -> [String] { lines.filter { $0.contains("DATABASE") } }
    #expect(try properties(scene.whole()) == properties(scene.before))
    #expect(try scene.lab.companions().isEmpty)
    #expect(scene.lab.exists("app.running"))
    // The safety dump is kept, listed, and by itself enough for psql.
    let dumps = try scene.safetyDumps()
    #expect(dumps.count == 1)
    let path = try #require(dumps.first)
    let listed = try scene.lab.recover(["cleanup", "--database", "app", "--yes"])
    #expect(listed.outputText.contains(path), "\(listed.outputText)")
    #expect(scene.lab.exists("state/safety/\(path.split(separator: "/").last ?? "")"))
    try TestProcess.output(["sh", "-c", "gunzip -c '\(path)' > '\(scene.lab.directory)/safety.sql'"])
    #expect(try scene.lab.contentByPsql("\(scene.lab.directory)/safety.sql") == content)
    let undo = try scene.lab.recover(["undo", "last", "--yes"])
    #expect(undo.status == 2 && undo.errorText.contains(path), "\(undo.errorText)")
  }

  @Test("when health fails in place, the database of before is back from its safety dump, properties and all")
  func rollsBack() throws {
    let scene = try unhealthyScene()
    let result = try scene.inPlace(["--safety-dump", "elsewhere"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try scene.whole() == scene.before)
    #expect(try scene.lab.companions().isEmpty)
    #expect(scene.lab.exists("app.running"))
    let dumps = try TestProcess.run(["ls", "\(scene.lab.directory)/elsewhere"]).outputText
    #expect(dumps.split(separator: "\n").count == 1 && dumps.contains(".sql.gz"), "\(dumps)")
  }

  @Test("in place, --yes says too little, other modes of serving are refused, and a new database needs no drop")
  func refusals() throws {
    let scene = try scene()
    let lab = scene.lab
    let oid = try lab.oid(of: lab.database)
    let common = ["db", "--from", scene.dump, "--in-place", "--no-input"]
    for (arguments, status) in [
      (["--yes"], 7), ([], 7), (["--confirm", "wrong"], 7),
      (["--yes", "--confirm", lab.database, "--serve", "all"], 2),
      (["--confirm", lab.database, "--serve", "read-only"], 2),
      (["--confirm", "x", "--database", lab.url + "_absent"], 2),
    ] as [([String], Int32)] {
      let result = try lab.recover(common + arguments)
      #expect(result.status == status, "\(arguments): \(result.errorText)\(result.outputText)")
      #expect(result.errorText.contains("hint:"), "\(arguments): \(result.errorText)")
    }
    let plan = try lab.recover(common + ["--plan"])
    #expect(plan.status == 0, "\(plan.errorText)")
    #expect(plan.outputText.contains("the live database is dropped before the replacement is proved"))
    #expect(plan.outputText.contains("the way back is the safety dump at \(lab.directory)/state/safety/"))
    #expect(plan.outputText.contains("free"))
    #expect(try lab.oid(of: lab.database) == oid)
    #expect(try scene.whole() == scene.before)
    #expect(try lab.companions().isEmpty)
  }

  @Test("in place, nothing is dropped for a bad backup, and not where the safety dump can't be written")
  func nothingDropped() throws {
    let scene = try scene()
    let oid = try scene.lab.oid(of: scene.lab.database)
    let whole = String(decoding: try TestProcess.output(["cat", scene.dump]), as: UTF8.self)
    try scene.lab.write(String(whole.dropLast(600)), to: "cut.sql")
    let cut = try scene.lab.recover([
      "db", "--from", "cut.sql", "--in-place", "--confirm", scene.lab.database, "--no-input",
    ])
    #expect(cut.status == 5, "\(cut.errorText)")
    let nowhere = try scene.inPlace(["--safety-dump", "/proc/nowhere"])
    #expect(nowhere.status == 1 || nowhere.status == 3, "\(nowhere.errorText)")
    #expect(try scene.lab.oid(of: scene.lab.database) == oid)
    #expect(try scene.whole() == scene.before)
    #expect(try scene.lab.companions().isEmpty)
    #expect(try scene.safetyDumps().isEmpty)
    #expect(scene.lab.exists("app.running"))
  }

  @Test(
    "in place, a crash around the dump, the drop and the load is resumed to the end",
    arguments: [
      "child-started.safety", "safety.dumped", "safety.kept", "drop.before-drop", "drop.after-drop", "load.commit",
      "swap.after-commit",
    ])
  func crashes(point: String) throws {
    let scene = try scene()
    let crashed = try scene.inPlace(environment: ["RECOVER_CRASH_AT": point])
    #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
    if point == "drop.after-drop" {
      // While nothing has the live name, the run's own database still tells that somebody has a claim.
      #expect(try scene.lab.oid(of: scene.lab.database) == nil)
      let other = try scene.lab.recover(["db", "--from", scene.dump, "--yes"], state: "other")
      #expect(other.status == 6, "\(other.errorText)\(other.outputText)")
    }
    let resumed = try scene.lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(point): \(resumed.errorText)\(resumed.outputText)")
    #expect(try scene.lab.content(of: scene.lab.database) == scene.lab.contentByPsql(scene.dump), "\(point)")
    #expect(try scene.lab.companions().isEmpty, "\(point)")
    #expect(try scene.safetyDumps().count == 1, "\(point)")
    #expect(scene.lab.exists("app.running"), "\(point)")
  }

  @Test(
    "in place, a crash anywhere in the restore of the safety dump is resumed to the database of before",
    arguments: [
      "drop.commit", "drop.restored", "drop.before-commit", "drop.after-commit", "step-undone.drop",
    ])
  func crashesInUndo(point: String) throws {
    let scene = try unhealthyScene()
    let crashed = try scene.inPlace(environment: ["RECOVER_CRASH_AT": point])
    #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)\(crashed.outputText)")
    let resumed = try scene.lab.recover(["resume", "last"])
    #expect(resumed.status == 3, "\(point): \(resumed.errorText)\(resumed.outputText)")
    #expect(try scene.whole() == scene.before, "\(point)")
    #expect(try scene.lab.companions().isEmpty, "\(point)")
    #expect(try scene.safetyDumps().count == 1, "\(point)")
    #expect(scene.lab.exists("app.running"), "\(point)")
  }

  @Test("in place, rows that somebody writes past the fence after the safety dump are not dropped")
  func writtenAfterTheDump() throws {
    let scene = try scene()
    let lab = scene.lab
    let oid = try lab.oid(of: lab.database)
    #expect(try scene.inPlace(environment: ["RECOVER_CRASH_AT": "safety.kept"]).status == 137)
    try lab.server.sql(
      "SET default_transaction_read_only = off; INSERT INTO note VALUES (1000, 'late')", in: lab.database)
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 3, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.outputText.contains("1 rows of public.note were written after the safety dump"))
    #expect(try lab.oid(of: lab.database) == oid)
    #expect(try lab.server.sql("SELECT text FROM note WHERE id = 1000", in: lab.database) == "late")
    // It is open again: this writes.
    try lab.server.sql("DELETE FROM note WHERE id = 1000", in: lab.database)
    #expect(try scene.whole() == scene.before)
  }

  @Test("in place, what `show` says of paying by hand brings the dropped database back without recover")
  func paidByHand() throws {
    let scene = try scene()
    let lab = scene.lab
    let before = try lab.content(of: lab.database)
    #expect(try scene.inPlace(environment: ["RECOVER_CRASH_AT": "drop.after-drop"]).status == 137)
    #expect(try lab.oid(of: lab.database) == nil)
    let shown = try lab.recover(["show", "last"]).outputText
    let commands = shown.split(separator: "\n").filter { $0.contains("by hand") && $0.contains("psql") }
      .map { $0.split(separator: "by hand")[1] }
    #expect(commands.count == 2, "\(shown)")
    for command in commands {
      try TestProcess.output(["sh", "-c", "PATH=\(ScratchPostgres.programs):$PATH; \(command)"])
    }
    #expect(try lab.content(of: lab.database) == before)
  }

  @Test("in place, a password in the URL shows up nowhere")
  func canary() throws {
    let scene = try scene()
    let canary = "kanarienvogel4712"
    let url = "postgres://postgres:\(canary)@127.0.0.1:\(scene.lab.server.port)/\(scene.lab.database)"
    let result = try scene.inPlace(["--database", url, "--json", "--verbose"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(!result.outputText.contains(canary) && !result.errorText.contains(canary))
    let found = try TestProcess.run(["grep", "-rl", canary, "\(scene.lab.directory)/state"])
    #expect(found.status == 1, "found in \(found.outputText)")
  }
}
