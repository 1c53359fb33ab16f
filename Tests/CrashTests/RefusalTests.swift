internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// What must be refused is refused with the right exit status, a hint, and nothing changed.
@Suite(.serialized)
struct RefusalTests {
  /// Runs a recovery that must fail, and checks that nothing has changed.
  private func refused(
    _ lab: RecoverLab, _ arguments: [String], status: Int32, environment: [String: String] = [:],
    _ place: SourceLocation = #_sourceLocation
  ) throws -> TestProcess.Result {
    let before = try Untouched(lab)
    let result = try lab.recover(arguments, environment: environment)
    try before.expectRefusal(result, status: status, place)
    return result
  }

  @Test("a truncated dump is refused, wherever it was cut", arguments: [50, 100, 600, 2000, 60_000])
  func truncated(cut: Int) throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let whole = try TestProcess.output(["cat", dump])
    try lab.write(String(decoding: whole.dropLast(cut), as: UTF8.self), to: "cut.sql")
    _ = try refused(lab, ["db", "--from", "cut.sql", "--yes"], status: 5)
  }

  @Test(
    "a dump that reaches out of the database is refused",
    arguments: [
      "\\! touch /tmp/recover-owned", "COPY note FROM PROGRAM 'id';", "COPY note FROM '/etc/passwd';",
      "ALTER SYSTEM SET work_mem = '1GB';", "\\i /etc/passwd", "\\copy note from '/etc/passwd'",
    ])
  func dangerous(line: String) throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let text = String(decoding: try TestProcess.output(["cat", dump]), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let place = lines.firstIndex { $0.hasPrefix("SET statement_timeout") } ?? 0
    try lab.write((lines[..<place] + [line] + lines[place...]).joined(separator: "\n"), to: "bad.sql")
    let result = try refused(lab, ["db", "--from", "bad.sql", "--yes"], status: 5)
    #expect(result.errorText.contains("line \(place + 1)"), "\(result.errorText)")
  }

  @Test("a dump that needs a missing role is refused before any effect")
  func missingRole() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let text = String(decoding: try TestProcess.output(["cat", dump]), as: UTF8.self)
    let renamed = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasSuffix("OWNER TO postgres;") ? $0.dropLast(9) + "no_such_role;" : $0 }.joined(separator: "\n")
    try lab.write(renamed, to: "role.sql")
    let result = try refused(lab, ["db", "--from", "role.sql", "--yes"], status: 1)
    #expect(result.errorText.contains("no_such_role"))
  }

  @Test("a role with too few rights is told which right is missing")
  func missingRight() throws {
    let server = try ScratchPostgres.shared()
    let (lab, dump) = try RecoverLab.withNotes(server)
    try server.sql("DO $$ BEGIN CREATE ROLE weak LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    let url = "postgres://weak@127.0.0.1:\(server.port)/\(lab.database)"
    let result = try refused(lab, ["db", "--from", dump, "--database", url, "--yes"], status: 1)
    #expect(result.errorText.contains("CREATEDB") || result.errorText.contains("GRANT"), "\(result.errorText)")
  }

  @Test("a server that is not there is unreachable, with exit status 1")
  func unreachable() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    _ = try refused(
      lab, ["db", "--from", dump, "--database", "postgres://postgres@127.0.0.1:1/x", "--yes"], status: 1)
  }

  @Test("production wants the target's name, and nothing else will do")
  func confirmation() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared(), environment: "production")
    _ = try refused(lab, ["db", "--from", dump, "--no-input"], status: 7)
    _ = try refused(lab, ["db", "--from", dump, "--yes", "--no-input"], status: 7)
    _ = try refused(lab, ["db", "--from", dump, "--yes", "--confirm", "wrong", "--no-input"], status: 7)
    let done = try lab.recover(["db", "--from", dump, "--yes", "--confirm", lab.database])
    #expect(done.status == 0, "\(done.errorText)")
  }

  @Test("crash points are refused outside of staging and development")
  func faultInjection() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared(), environment: "production")
    _ = try refused(
      lab, ["db", "--from", dump, "--yes", "--confirm", lab.database], status: 2,
      environment: ["RECOVER_CRASH_AT": "step-intended.swap"])
  }

  @Test("another plan than the expected one is not run")
  func expectedPlan() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    _ = try refused(lab, ["db", "--from", dump, "--yes", "--expect-plan", "00ff"], status: 7)
  }

  @Test("a policy with a typo names file, line, column and the nearest name")
  func typo() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    try lab.write("version: 1\nenvironment: development\ndatabses: {}\n", to: "policies/environment.yaml")
    let result = try refused(lab, ["db", "--from", dump, "--yes"], status: 2)
    #expect(result.errorText.contains("environment.yaml:3:1"), "\(result.errorText)")
    #expect(result.errorText.contains("databases"))
  }

  @Test("a plan is printed and changes nothing")
  func planOnly() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let result = try lab.recover(["db", "--from", dump, "--plan"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.outputText.contains("swap"))
    #expect(try lab.companions().isEmpty)
    #expect(try lab.recover(["runs"]).outputText.contains("no runs"))
  }

  @Test("a password in the URL shows up nowhere")
  func canary() throws {
    let server = try ScratchPostgres.shared()
    let (lab, dump) = try RecoverLab.withNotes(server)
    let canary = "kanarienvogel4711"
    let url = "postgres://postgres:\(canary)@127.0.0.1:\(server.port)/\(lab.database)"
    let process = try lab.start(["db", "--from", dump, "--database", url, "--yes", "--json", "--verbose"])
    let result = process.result()
    #expect(result.status == 0, "\(result.errorText)")
    #expect(!result.outputText.contains(canary))
    #expect(!result.errorText.contains(canary))
    let found = try TestProcess.run(["grep", "-rl", canary, "\(lab.directory)/state"])
    #expect(found.status == 1, "found in \(found.outputText)")
  }
}
