internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Another server at the planned address is refused, a clone of the right one included.
@Suite(.serialized)
struct WrongServerTests {
  @Test("a run that is resumed on another server, or on a clone of its own, does nothing there and goes on at home")
  func resumedElsewhere() throws {
    let home = try ScratchPostgres()
    let (lab, dump) = try RecoverLab.withNotes(home)
    let planned = try lab.recover(["db", "--from", dump, "--plan", "--json"])
    let hash = try #require(planned.outputText.firstMatch(of: /"hash": ?"([0-9a-f]{64})"/)?.output.1)
    let crashed = try lab.recover(["db", "--from", dump, "--yes"], environment: ["RECOVER_CRASH_AT": "load.commit"])
    #expect(crashed.status == 137)
    try home.stop()
    do {
      var options = ScratchPostgres.Options()
      (options.port, options.cloneOf) = (home.port, home.data)
      let clone = try ScratchPostgres(options)
      let before = try clone.sql(Self.databases)
      let resumed = try lab.recover(["resume", "last"])
      #expect(resumed.status == 4, "\(resumed.errorText)\(resumed.outputText)")
      #expect(resumed.errorText.contains("another server than the plan's: data directory"), "\(resumed.errorText)")
      #expect(resumed.errorText.contains("hint: it is a clone"), "\(resumed.errorText)")
      #expect(resumed.outputText.contains("recover resume"), "\(resumed.outputText)")
      let other = try lab.recover(["db", "--from", dump, "--yes"], state: "state.2")
      #expect(other.status == 6, "\(other.errorText)\(other.outputText)")
      #expect(other.errorText.contains("hint:"), "\(other.errorText)")
      #expect(try clone.sql(Self.databases) == before)
      // The run had closed it.
      try clone.sql("ALTER DATABASE \(lab.database) ALLOW_CONNECTIONS true")
      #expect(try clone.sql("SELECT * FROM note", in: lab.database) == "1|live")
      try clone.stop()
    }
    do {
      var options = ScratchPostgres.Options()
      options.port = home.port
      let stranger = try ScratchPostgres(options)
      try stranger.sql("CREATE DATABASE \(lab.database)")
      try stranger.sql("CREATE TABLE note (id int, text text); INSERT INTO note VALUES (7, 'x')", in: lab.database)
      let before = try stranger.sql(Self.databases)
      let resumed = try lab.recover(["resume", "last"])
      #expect(resumed.status == 4, "\(resumed.errorText)\(resumed.outputText)")
      #expect(resumed.errorText.contains("another server than the plan's: system identifier"), "\(resumed.errorText)")
      let run = try lab.recover(
        ["db", "--from", dump, "--yes", "--expect-plan", String(hash)], state: "state.3")
      #expect(run.status == 7, "\(run.errorText)\(run.outputText)")
      #expect(try stranger.sql(Self.databases) == before)
      #expect(try stranger.sql("SELECT * FROM note", in: lab.database) == "7|x")
      try stranger.stop()
    }
    try home.start()
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(try lab.content(of: lab.database) == lab.contentByPsql(dump))
    #expect(lab.exists("app.running"), "the service does not run")
  }

  /// The server's databases, and whether they are open.
  private static let databases =
    "SELECT string_agg(datname || oid || datallowconn, ',' ORDER BY oid) FROM pg_database"
}
