internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Kills the real binary, or the server, at random moments of a run, resumes until it is done, and compares with
/// what psql makes of the same dump.
///
/// RECOVER_LONG=1: 200 kills, half of them over runs that load more than 300 MB, the others inside the swap, the
/// retirement and the undo; otherwise small loads with 5 kills, and one inside each. The moments come from
/// RECOVER_SEED, or from a seed that is printed; what a kill at that moment meets is up to the machine.
/// RECOVER_BINARY names another binary than the one beside the tests, for instance the release build.
@Suite(.serialized)
struct RandomKillTests {
  /// Tables of about 100 bytes a row with foreign keys, so that there is something after the data too; several of
  /// them, so that no single statement takes a machine longer than a life lasts.
  private static func source(tables: Int, rows: Int) -> String {
    let account = """
      CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL);
      INSERT INTO account SELECT i, 'account ' || i FROM generate_series(1, 1000) i;
      """
    let entries = (1...tables).map { number in
      """
      CREATE TABLE entry\(number) (
        id bigint PRIMARY KEY, account int REFERENCES account, note text, at timestamptz);
      INSERT INTO entry\(number)
        SELECT i, 1 + i % 1000, repeat(md5((\(number) * i)::text), 2), timestamptz '2026-01-01' + i * interval '1 s'
        FROM generate_series(1, \(rows)) i;
      CREATE INDEX ON entry\(number) (account, at);
      """
    }
    return ([account] + entries).joined(separator: "\n")
  }

  /// The shortest life, in milliseconds, that has to get anything done.
  private static let fruitfulMilliseconds = 2000

  @Test("killed at random moments and resumed, a load loses and doubles nothing, and comes to its end")
  func randomKills() async throws {
    let kills = ProcessInfoText.isLong ? 110 : 5
    let server = try ScratchPostgres.shared()
    let seed = SeededGenerator.runSeed
    var generator = SeededGenerator(seed: seed)
    let source = try server.makeDatabase("source")
    defer { try? server.dropDatabase(source) }
    try server.sql(Self.source(tables: ProcessInfoText.isLong ? 11 : 1, rows: 300_000), in: source)
    let expected = try RecoverLab(server: server, sql: "").fingerprint(of: source)
    var (killed, fruitful) = (0, 0)
    while killed < kills {
      let lab = try RecoverLab(server: server, sql: "CREATE TABLE old (a int)")
      let dump = try lab.dump(source, to: "backup.sql")
      if ProcessInfoText.isLong { #expect(try BackupSize.bytes(dump) >= 300_000_000) }
      var process = try lab.start(["db", "--from", dump, "--jobs", "2", "--yes"])
      var progress = RunProgress()
      while killed < kills {
        // Between too early for anything and about as long as the load takes.
        let life = Int(generator.next() % (ProcessInfoText.isLong ? 4000 : 1500)) + 50
        if process.wait(milliseconds: life) { break }
        process.signal(SIGKILL)
        _ = process.wait()
        killed += 1
        let before = progress
        progress = try await RunProgress(in: lab)
        if life >= Self.fruitfulMilliseconds {
          fruitful += 1
          #expect(progress.isPast(before), "seed \(seed): a life of \(life) ms came no further than \(progress)")
        }
        process = try lab.start(["resume", "last"])
      }
      let result = process.result()
      #expect(result.status == 0, "seed \(seed): \(result.errorText)\(result.outputText)")
      #expect(try lab.fingerprint(of: lab.database) == expected, "seed \(seed)")
      let companions = try lab.companions()
      #expect(companions.count == 1, "seed \(seed): \(companions)")
    }
    if ProcessInfoText.isLong { print("random kills: \(killed), \(fruitful) of them after 2 s and more; seed \(seed)") }
  }

  /// Where a run is killed again and again.
  enum Place: String, CaseIterable {
    case swap, retire, undo

    /// What the line of the output says that is written once the run is there.
    var marks: [String] {
      switch self {
      case .swap: ["\"kind\":\"step-intended\"", "\"step\":\"swap\""]
      case .retire: ["\"kind\":\"step-intended\"", "\"step\":\"retire\""]
      case .undo: ["\"kind\":\"failing\""]
      }
    }
  }

  @Test("killed inside the swap, the retirement and the undo, a run still comes to its end", arguments: Place.allCases)
  func killsInside(place: Place) throws {
    let kills = ProcessInfoText.isLong ? 30 : 1
    let server = try ScratchPostgres.shared()
    let seed = SeededGenerator.runSeed
    var generator = SeededGenerator(seed: seed)
    let source = try server.makeDatabase("source")
    defer { try? server.dropDatabase(source) }
    try server.sql(Self.source(tables: 1, rows: 1000), in: source)
    let expected = try RecoverLab(server: server, sql: "").fingerprint(of: source)
    var killed = 0
    while killed < kills {
      let lab = try RecoverLab(server: server, sql: "CREATE TABLE old (a int)")
      if place == .undo { try lab.remove("healthy") }
      let (oid, old) = (try lab.oid(of: lab.database), try lab.fingerprint(of: lab.database))
      let dump = try lab.dump(source, to: "backup.sql")
      var process = try lab.start(["db", "--from", dump, "--yes", "--json"])
      // The first life is killed where the place begins, and up to two resumes wherever they are.
      try #require(process.waitForLine(with: place.marks), "\(place) was not reached: \(process.outputSoFar)")
      for _ in 0..<generator.int(1...3) where killed < kills {
        if process.wait(milliseconds: generator.int(0...120)) { break }
        process.signal(SIGKILL)
        _ = process.wait()
        killed += 1
        process = try lab.start(["resume", "last", "--json"])
      }
      let result = process.result()
      let isUndone = place == .undo
      #expect(result.status == (isUndone ? 3 : 0), "seed \(seed): \(result.errorText)\(result.outputText)")
      #expect(try lab.fingerprint(of: lab.database) == (isUndone ? old : expected), "seed \(seed)")
      #expect((try lab.oid(of: lab.database) == oid) == isUndone, "seed \(seed)")
      #expect(lab.exists("app.running"), "seed \(seed): the service is not running")
      let companions = try lab.companions()
      #expect(companions.count == 1, "seed \(seed): \(companions)")
    }
  }

  @Test("a server killed in mid-load loses nothing that was recorded")
  func serverKilled() throws {
    let server = try ScratchPostgres(ScratchPostgres.Options(synchronous: true))
    let source = try server.makeDatabase("source")
    try server.sql(Self.source(tables: 1, rows: 300_000), in: source)
    let lab = try RecoverLab(server: server, sql: "CREATE TABLE old (a int)")
    let dump = try lab.dump(source, to: "backup.sql")
    let expected = try lab.fingerprint(of: source)
    let process = try lab.start(["db", "--from", dump, "--yes", "--json"])
    // The load takes about half a second.
    let marks = ["\"kind\":\"step-intended\"", "\"step\":\"load\""]
    try #require(process.waitForLine(with: marks), "\(process.outputSoFar)")
    _ = process.wait(milliseconds: 150)
    try server.crash(.killed)
    try server.start()
    // The run retries by itself, or says how to go on.
    let first = process.result()
    let status = first.status == 0 ? 0 : try lab.recover(["resume", "last"]).status
    let shown = try lab.recover(["show", "last"]).outputText
    #expect(shown.contains("load: failed"), "the server was not killed in mid-load: \(shown)")
    #expect(status == 0, "\(first.errorText)\(first.outputText)\(shown)")
    #expect(try lab.fingerprint(of: lab.database) == expected)
  }
}
