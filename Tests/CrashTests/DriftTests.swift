internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Somebody changes the server while a run lies dead: the resumed run says so, and goes back.
@Suite(.serialized)
struct DriftTests {
  private func crashed(at point: String) throws -> RecoverLab {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let crashed = try lab.recover(["db", "--from", dump, "--yes"], environment: ["RECOVER_CRASH_AT": point])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    return lab
  }

  @Test("a copy that was dropped in the middle of its load is missed at once, and everything is undone")
  func droppedCopy() throws {
    let lab = try crashed(at: "load.commit")
    let copy = try #require(try lab.companions().first)
    let oid = try lab.oid(of: lab.database)
    try lab.server.dropDatabase(copy)
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 3, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.errorText.contains("database \(copy) is not there any more"), "\(resumed.errorText)")
    #expect(resumed.errorText.contains("hint:"), "\(resumed.errorText)")
    #expect(try lab.oid(of: lab.database) == oid)
    #expect(try lab.server.sql("SELECT text FROM note", in: lab.database) == "live")
    #expect(lab.exists("app.running"), "the service does not run")
  }

  @Test("a live database that was replaced is neither fenced nor owed")
  func replacedLive() throws {
    let lab = try crashed(at: "before-step-intended.fence")
    let name = lab.database
    try lab.server.sql("ALTER DATABASE \(name) RENAME TO \(name)_aside")
    try lab.server.sql("CREATE DATABASE \(name)")
    try lab.server.sql("CREATE TABLE note (text text); INSERT INTO note VALUES ('replaced')", in: name)
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 3, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.errorText.contains("was dropped, renamed or replaced"), "\(resumed.errorText)")
    #expect(resumed.errorText.contains("hint:"), "\(resumed.errorText)")
    #expect(try lab.server.sql("SELECT text FROM note", in: name) == "replaced")
    #expect(try lab.companions() == ["\(name)_aside"])
    #expect(lab.exists("app.running"), "the service does not run")
  }

  @Test("a previous database that is gone is missed without a guess at why")
  func previousGone() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    #expect(try lab.recover(["db", "--from", dump, "--yes"]).status == 0)
    let before = try Untouched(lab)
    try lab.server.dropDatabase(try #require(try lab.companions().first))
    let undone = try lab.recover(["undo", "last", "--yes"])
    try before.expectRefusal(undone, status: 7, saying: "there is no database \(lab.database)_previous_")
  }

  @Test("a server without a database postgres is reached by template1")
  func withoutPostgres() throws {
    let server = try ScratchPostgres()
    let (lab, dump) = try RecoverLab.withNotes(server)
    try TestProcess.output(
      [ScratchPostgres.programs + "psql", "-c", "DROP DATABASE postgres"] + server.connectionArguments("template1"))
    let result = try lab.recover(["db", "--from", dump, "--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try lab.server.sql("SELECT count(*) FROM note", in: lab.database) == "2000")
  }
}
