internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Backups that are killed, stopped, kept and pruned.
@Suite(.serialized)
struct BackupLifeTests {
  /// A database whose backup stops at a table: whoever reads its rows waits for an advisory lock.
  private static let slow = """
    CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note SELECT i, 'x' FROM generate_series(1, 100) i;
    """

  /// Starts a backup that waits for a lock, and waits until it does.
  private func startBlocked(_ lab: RecoverLab) throws -> (TestProcess, other: TestProcess) {
    let psql = [ScratchPostgres.programs + "psql", "-qX"] + lab.server.connectionArguments(lab.database)
    let other = try TestProcess(psql + ["-c", "BEGIN; LOCK TABLE note; SELECT pg_sleep(600)"])
    func wait(_ condition: String) throws {
      let deadline = Deadline.after(.seconds(60))
      while try lab.server.sql("SELECT count(*) > 0 FROM pg_locks WHERE \(condition)", in: lab.database) != "t" {
        try #require(!deadline.hasPassed, "no lock: \(condition)")
      }
    }
    try wait("relation = 'note'::regclass AND granted AND mode = 'AccessExclusiveLock'")
    let backup = try lab.start(["backup", "db", "--database", lab.url, "--repository", lab.repository])
    try wait("relation = 'note'::regclass AND NOT granted")
    return (backup, other)
  }

  @Test("a killed backup is no backup: it is listed as unfinished, and the next one, or a cleanup, removes it")
  func killed() throws {
    let lab = try RecoverLab(server: try ScratchPostgres.shared(), sql: Self.slow)
    let place = "\(lab.repository)/db/\(lab.database)"
    for round in 0..<2 {
      let (backup, other) = try startBlocked(lab)
      let alive = try lab.recover(["backup", "list", "--repository", lab.repository])
      #expect(alive.outputText.contains("being written"), "\(alive.outputText)\(alive.errorText)")
      let kept = try lab.recover(["cleanup", "--yes", "--repository", lab.repository])
      #expect(kept.status == 0, "\(kept.errorText)")
      #expect(try lab.files(place).contains { $0.hasPrefix(".partial-") })
      backup.signal(SIGKILL)
      _ = backup.wait()
      try unlock(lab, other)
      #expect(try lab.files(place).contains { $0.hasPrefix(".partial-") })
      let list = try lab.recover(["backup", "list", "--repository", lab.repository])
      #expect(list.outputText.contains("unfinished: its writer is dead"), "\(list.outputText)")
      let last = try lab.recover(["backup", "show", "last", "--repository", lab.repository])
      #expect(last.status == (round == 0 ? 2 : 0), "\(last.outputText)")
      if round == 0 {
        _ = try lab.makeBackup(lab.database)
      } else {
        let dry = try lab.recover(["cleanup", "--repository", lab.repository])
        #expect(dry.outputText.contains("unfinished backup"), "\(dry.outputText)")
        let cleanup = try lab.recover(["cleanup", "--yes", "--repository", lab.repository])
        #expect(cleanup.status == 0, "\(cleanup.errorText)")
      }
      let files = try lab.files(place)
      #expect(files.count == 1 && !files[0].hasPrefix("."), "\(files)")
    }
  }

  @Test("a backup that is killed while it writes rows is no backup either", arguments: [1, 3])
  func killedWhileWriting(jobs: Int) throws {
    let lab = try RecoverLab(
      server: try ScratchPostgres.shared(),
      sql: "CREATE TABLE big AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 200000) AS i")
    let place = "\(lab.repository)/db/\(lab.database)"
    let backup = try lab.start([
      "backup", "db", "--database", lab.url, "--repository", lab.repository, "--level", "9", "--jobs", "\(jobs)",
    ])
    let deadline = Deadline.after(.seconds(60))
    // The schema's member, and one of rows.
    while try TestProcess.run(["sh", "-c", "[ $(cat \"$0\"/.partial-*/*.index | wc -l) -ge 2 ]", place]).status != 0 {
      try #require(!deadline.hasPassed, "nothing was written")
    }
    backup.signal(SIGKILL)
    try #require(backup.wait() == 128 + SIGKILL)
    let list = try lab.recover(["backup", "list", "--repository", lab.repository])
    #expect(list.outputText.contains("unfinished: its writer is dead"), "\(list.outputText)")
    let partial = "\(place)/" + (try #require(try lab.files(place).first))
    let refused = try lab.recover(["db", "--yes", "--from", partial])
    #expect(refused.status != 0, "\(refused.outputText)")
    let good = try lab.makeBackup(lab.database)
    #expect(try lab.files(place) == [try #require(good.split(separator: "/").last.map(String.init))])
  }

  @Test("Ctrl-C and SIGTERM end a backup at once, and nothing is left", arguments: [SIGINT, SIGTERM])
  func stopped(signal: Int32) throws {
    let lab = try RecoverLab(server: try ScratchPostgres.shared(), sql: Self.slow)
    let (backup, other) = try startBlocked(lab)
    backup.signal(signal)
    let result = backup.result()
    #expect(result.status == 128 + signal, "\(result.errorText)")
    #expect(try lab.files("\(lab.repository)/db/\(lab.database)").isEmpty)
    try unlock(lab, other)
  }

  /// Ends the session that holds the lock.
  private func unlock(_ lab: RecoverLab, _ other: TestProcess) throws {
    try lab.server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'note'::regclass AND mode = 'AccessExclusiveLock'",
      in: lab.database)
    _ = other.wait()
  }

  @Test("pruning says what it would remove, removes it with --yes, and keeps the last verified backup")
  func prune() throws {
    let lab = try RecoverLab(server: try ScratchPostgres.shared(), sql: Self.slow)
    let first = try lab.makeBackup(lab.database)
    let restored = try lab.recover(["db", "--yes", "--from", first])
    #expect(restored.status == 0, "\(restored.errorText)")
    let place = "\(lab.repository)/db/\(lab.database)"
    // As if it had been made every day: names tell the time.
    for day in 1...5 {
      try TestProcess.output(["cp", "-r", first, "\(place)/2001010\(day)T000000Z-copy"])
      if day != 2 { try TestProcess.output(["rm", "\(place)/2001010\(day)T000000Z-copy/verified.json"]) }
    }
    try TestProcess.output(["rm", "-r", first])
    func prune(_ options: [String]) throws -> TestProcess.Result {
      try lab.recover(["backup", "prune", "--repository", lab.repository] + options)
    }
    #expect(try prune([]).status == 2)
    let dry = try prune(["--keep-daily", "2"])
    #expect(dry.status == 0 && dry.outputText.contains("2 would be removed"), "\(dry.outputText)")
    #expect(try lab.files(place).count == 5)
    let done = try prune(["--keep-daily", "2", "--yes"])
    #expect(done.outputText.contains("removed 2 of 5"), "\(done.outputText)\(done.errorText)")
    #expect(
      try lab.files(place)
        == ["20010102T000000Z-copy", "20010104T000000Z-copy", "20010105T000000Z-copy"])
  }
}
