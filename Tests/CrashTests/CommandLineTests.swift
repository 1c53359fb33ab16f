internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// What people read and copy, checked by doing what it says.
@Suite(.serialized)
struct CommandLineTests {
  static let live = "CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, 'live');"

  private func lab(extraPolicy: String = "") throws -> (lab: RecoverLab, dump: [UInt8]) {
    let server = try ScratchPostgres.shared()
    let lab = try RecoverLab(server: server, sql: Self.live, extraPolicy: extraPolicy)
    let dump = try server.withDatabase("source") { source in
      try server.sql(Self.live, in: source)
      return try TestProcess.output(["cat", try lab.dump(source, to: "backup.sql")])
    }
    return (lab, Array(dump))
  }

  /// Does in a shell what was told to be done by hand.
  private func pay(_ text: String) throws -> Int {
    let payments = text.split(separator: "\n").compactMap { line in
      line.firstRange(of: "by hand: ").map { String(line[$0.upperBound...]) }
    }
    for payment in payments {
      try TestProcess.output(["sh", "-c", "PATH=\(ScratchPostgres.programs):$PATH; \(payment)"])
    }
    return payments.count
  }

  @Test("a plan for standard input leaves nothing behind, and names the command that does it")
  func plan() throws {
    let (lab, dump) = try lab()
    let plan = try lab.recover(["db", "--from", "-", "--plan"], input: .bytes(dump))
    #expect(plan.status == 0, "\(plan.errorText)")
    #expect(plan.outputText.contains("every table has as many rows live as in the backup"), "\(plan.outputText)")
    #expect(plan.outputText.contains("No load of this size is in the history yet"))
    #expect(!lab.exists("state"))
    let next = try #require(plan.outputText.firstRange(of: "next: ... | recover "))
    let words = plan.outputText[next.upperBound...].split { $0.isWhitespace }.map(String.init)
    let stated = words.firstIndex(of: "--state").map { Array(words[..<$0] + words[($0 + 4)...]) } ?? words
    let done = try lab.recover(stated, input: .bytes(dump))
    #expect(done.status == 0, "\(stated): \(done.errorText)")
    #expect(!lab.exists("state/spool"))
    let again = try lab.recover(["db", "--from", "-", "--plan"], input: .bytes(dump))
    #expect(again.outputText.contains("Load times are from 1 load on this machine"), "\(again.outputText)")
  }

  @Test("who is asked at a terminal sees first what would change, and can still say no")
  func asked() throws {
    let (lab, dump) = try lab()
    try lab.server.sql("INSERT INTO note VALUES (2, 'since')", in: lab.database)
    try lab.write(String(decoding: dump, as: UTF8.self), to: "backup.sql")
    let command = "\(RecoverLab.binary) db --from backup.sql --state state --policy policies"
    // script(1) gives the command a terminal, and passes on what stands for the typing.
    let asked = try TestProcess(
      ["script", "-qec", command, "/dev/null"], input: .bytes(Array("no\n".utf8)), directory: lab.directory
    ).result()
    #expect(asked.status == 7, "\(asked.outputText)")
    let question = try #require(asked.outputText.firstRange(of: "to go on"), "\(asked.outputText)")
    let loss = try #require(asked.outputText.firstRange(of: "what the restore changes"), "\(asked.outputText)")
    #expect(loss.upperBound < question.lowerBound)
    #expect(asked.outputText.contains("public.note"))
    #expect(try lab.companions().isEmpty)
  }

  @Test("two signals at once pause a run, and once it is abandoned its debts are paid by what it names")
  func abandon() throws {
    let (lab, dump) = try lab()
    // Before the footer, so that the dump stays whole.
    let text = String(decoding: dump, as: UTF8.self)
      .replacing("ALTER TABLE ONLY", with: "SELECT pg_sleep(600) /* held */;\nALTER TABLE ONLY", maxReplacements: 1)
    let process = try lab.start(["db", "--from", "-", "--yes"], input: .bytes(Array(text.utf8)))
    let held = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE '\(lab.database)%' AND wait_event = 'PgSleep'"
    while try lab.server.sql(held) != "1", !process.wait(milliseconds: 100) {}
    #expect(lab.exists("state/spool"))
    for _ in 0..<2 { process.signal(SIGTERM) }
    let paused = process.result()
    #expect(paused.status == 143, "\(paused.errorText)")
    #expect(paused.outputText.contains(": paused; owed: "), "\(paused.outputText)")
    #expect(try lab.recover(["cleanup", "--yes"]).outputText.contains("kept: its run is open"))
    #expect(lab.exists("state/spool"), "a run that can be resumed needs its backup")
    let list = try lab.recover(["runs", "--json"]).outputText
    let row = try JSONValue.decode(JSONValue.self, from: Array(list.prefix { $0 != "\n" }.utf8))
    let run = try #require(row["run"]?.string)
    let abandoned = try lab.recover(["abandon", "last", "--confirm", run])
    #expect(abandoned.status == 0, "\(abandoned.errorText)")
    #expect(!lab.exists("state/spool"))
    #expect(!lab.exists("app.running"))
    #expect(try pay(abandoned.errorText) == 2, "\(abandoned.errorText)")
    #expect(lab.exists("app.running"))
    #expect(try lab.server.sql("SELECT count(*) FROM note", in: lab.database) == "1")
  }

  @Test("a crash point that does not exist is refused before anything is journaled")
  func crashPoint() throws {
    let (lab, _) = try lab()
    let refused = try lab.recover(
      ["db", "--from", "backup.sql", "--yes"], environment: ["RECOVER_CRASH_AT": "load.comit"])
    #expect(refused.status == 2)
    #expect(refused.errorText.contains("hint: did you mean `load.commit`?"), "\(refused.errorText)")
    #expect(try lab.recover(["runs"]).outputText.hasPrefix("no runs"))
  }

  @Test("a hook without an undo is not called undone, and does not keep the database from coming back")
  func standing() throws {
    let (lab, _) = try lab()
    let policy = String(
      decoding: try TestProcess.output(["cat", "\(lab.directory)/policies/environment.yaml"]), as: UTF8.self)
    let healthy = "\(lab.directory)/healthy"
    let hook = """
          after-restore:
            - {name: break it, shell: "touch \(lab.directory)/stands"}
            - {name: fail, shell: "rm -f \(healthy)", undo: "touch \(healthy)"}
      """
    try lab.write(
      policy.replacing("    health: [app]\n", with: "    health: [app]\n\(hook)\n"), to: "policies/environment.yaml")
    let oid = try lab.oid(of: lab.database)
    let failed = try lab.recover(["db", "--from", "backup.sql", "--yes"])
    #expect(failed.status == 3, "\(failed.errorText)")
    #expect(try lab.oid(of: lab.database) == oid)
    #expect(failed.outputText.contains("after: not all undone"), "\(failed.outputText)")
    #expect(failed.outputText.contains("rolled back; what hook `break it` did stands"), "\(failed.outputText)")
  }
}
