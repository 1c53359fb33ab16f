internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Kills the real binary, or the server, at random moments of a load, resumes until it is done, and compares with
/// what psql makes of the same dump.
///
/// RECOVER_LONG=1: a dump of more than 300 MB and 200 kills; otherwise a small one and 5.
@Suite(.serialized)
struct RandomKillTests {
  /// Rows of about 100 bytes, with an index and a foreign key, so that there is something after the data too.
  private static func source(rows: Int) -> String {
    """
    CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO account SELECT i, 'account ' || i FROM generate_series(1, 1000) i;
    CREATE TABLE entry (id bigint PRIMARY KEY, account int REFERENCES account, note text, at timestamptz);
    INSERT INTO entry SELECT i, 1 + i % 1000, repeat(md5(i::text), 2), timestamptz '2026-01-01' + i * interval '1 s'
      FROM generate_series(1, \(rows)) i;
    CREATE INDEX ON entry (account, at);
    """
  }

  @Test("killed at random moments and resumed, a load loses and doubles nothing")
  func randomKills() throws {
    let rows = ProcessInfoText.isLong ? 3_200_000 : 300_000
    let kills = ProcessInfoText.isLong ? 200 : 5
    let server = try ScratchPostgres.shared()
    var generator = SeededGenerator(
      seed: ProcessInfoText.environment("RECOVER_SEED").flatMap { UInt64($0) } ?? .random(in: 0 ... .max))
    let seed = generator
    let source = try server.makeDatabase("source")
    defer { try? server.dropDatabase(source) }
    try server.sql(Self.source(rows: rows), in: source)
    let expected = try RecoverLab(server: server, sql: "").fingerprint(of: source)
    var killed = 0
    while killed < kills {
      let lab = try RecoverLab(server: server, sql: "CREATE TABLE old (a int)")
      let dump = try lab.dump(source, to: "backup.sql")
      var process = try lab.start(["db", "--from", dump, "--yes"])
      while true {
        // Between too early for anything and about as long as the whole run takes.
        let ended = process.wait(milliseconds: Int(generator.next() % (ProcessInfoText.isLong ? 4000 : 1500)) + 50)
        if ended { break }
        process.signal(SIGKILL)
        _ = process.wait()
        killed += 1
        process = try lab.start(["resume", "last"])
      }
      let result = process.result()
      #expect(result.status == 0, "generator \(seed): \(result.errorText)\(result.outputText)")
      #expect(try lab.fingerprint(of: lab.database) == expected, "generator \(seed)")
      let companions = try lab.companions()
      #expect(companions.count == 1, "generator \(seed): \(companions)")
    }
  }

  @Test("a server killed in mid-load loses nothing that was recorded")
  func serverKilled() throws {
    let server = try ScratchPostgres(ScratchPostgres.Options(synchronous: true))
    let source = try server.makeDatabase("source")
    try server.sql(Self.source(rows: 300_000), in: source)
    let lab = try RecoverLab(server: server, sql: "CREATE TABLE old (a int)")
    let dump = try lab.dump(source, to: "backup.sql")
    let expected = try lab.fingerprint(of: source)
    let process = try lab.start(["db", "--from", dump, "--yes"])
    let isEarly = !process.wait(milliseconds: 1200)
    try server.crash(.killed)
    #expect(isEarly, "the run was over before the server was killed")
    try server.start()
    // The run retries by itself, or says how to go on.
    let first = process.result()
    let status = first.status == 0 ? 0 : try lab.recover(["resume", "last"]).status
    let shown = try lab.recover(["show", "last"]).outputText
    #expect(status == 0, "\(first.errorText)\(first.outputText)\(shown)")
    #expect(try lab.fingerprint(of: lab.database) == expected)
  }
}
