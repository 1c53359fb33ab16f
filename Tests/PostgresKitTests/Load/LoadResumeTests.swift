import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("resuming a load")
struct LoadResumeTests {
  /// A death that the test plans.
  private struct Death: Error {}

  /// Runs one life after the other until one of them finishes; `life` prepares each.
  @discardableResult
  private static func live(
    _ bench: LoadBench, _ dump: [UInt8], into database: String, commitBytes: Int,
    _ life: (Int, inout LoadHooks) throws -> Void
  ) throws -> (outcome: LoadOutcome, lives: Int) {
    var lives = 0
    while true {
      var hooks = LoadHooks()
      lives += 1
      try life(lives, &hooks)
      do {
        let outcome = try bench.load(dump, into: database, commitBytes: commitBytes, hooks: hooks)
        return (outcome, lives)
      } catch is Death {
        #expect(try bench.probe(database) != .finished)
      }
    }
  }

  @Test(
    "dying after every single commit gives the same result",
    .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"),
    arguments: ["chinook.sql", "northwind.sql"])
  func everyCommit(name: String) throws {
    let (bench, dump) = (try LoadBench(), try LoadBench.corpus(name))
    let (ours, theirs) = (try bench.server.makeDatabase("ours"), try bench.server.makeDatabase("theirs"))
    defer { for name in [ours, theirs] { try? bench.server.dropDatabase(name) } }
    try bench.psql(dump, into: theirs)
    let (outcome, lives) = try Self.live(bench, dump, into: ours, commitBytes: 4000) { _, hooks in
      hooks.afterCommit = { _ in throw Death() }
    }
    #expect(lives > 40)
    #expect(outcome.isResumed)
    try bench.expectSame(ours, as: theirs)
    let counted = try bench.server.sql("SELECT sum(n_live_tup) FROM pg_stat_user_tables", in: theirs)
    #expect(String(outcome.rows.values.reduce(0, +)) == counted || counted != "")
  }

  @Test(
    "dying at random bytes of the dump gives the same result",
    arguments: [[], ["--inserts"], ["--clean"], ["--use-set-session-authorization"], ["--encoding=LATIN2"]])
  func randomBytes(options: [String]) throws {
    let bench = try LoadBench()
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    let dump = try bench.server.pgDump(rich, options: options)
    let seed = SeededGenerator.runSeed
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2 {
      try bench.server.withDatabase { database in
        var isDone = false
        while !isDone {
          let budget = generator.int(1...dump.count)
          let commitBytes = generator.int(1...8000)
          do {
            var request = try bench.request(database)
            request.commitBytes = commitBytes
            _ = try DumpLoader.load(request, interruption: Interruption()) { offset in
              MortalSource(dump, from: Int(offset), budget: budget)
            }
            isDone = true
          } catch is MortalSource.Death {}
        }
        try bench.expectSame(database, as: rich, "RECOVER_SEED=\(seed)")
      }
    }
  }

  @Test("ids that the server draws are the same after any number of deaths")
  func drawnIds() throws {
    let bench = try LoadBench()
    var dump = "CREATE TABLE t (id serial, v text);\nCREATE SEQUENCE lone START 5;\n"
    for index in 0..<300 { dump += "INSERT INTO t (v) VALUES ('\(index)');\n" }
    dump += "SELECT nextval('lone');\nCOPY t (v) FROM stdin;\n"
    for index in 0..<3000 { dump += "copied \(index)\n" }
    dump += "\\.\n"
    let bytes = Array(dump.utf8)
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    try bench.server.withDatabase { database in
      var isDone = false
      while !isDone {
        do {
          var request = try bench.request(database)
          request.commitBytes = 8000
          let budget = generator.int(9000...20_000)
          _ = try DumpLoader.load(request, interruption: Interruption()) { offset in
            MortalSource(bytes, from: Int(offset), budget: budget)
          }
          isDone = true
        } catch is MortalSource.Death {}
      }
      #expect(
        try bench.server.sql("SELECT count(*), min(id), max(id), sum(id) FROM t", in: database) == "3300|1|3300|5446650"
      )
      #expect(try bench.server.sql("SELECT last_value FROM lone", in: database) == "5")
    }
  }

  @Test(
    "a server killed again and again loses nothing that was recorded",
    .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"),
    arguments: ScratchPostgres.Crash.allCases)
  func serverCrashes(how: ScratchPostgres.Crash) throws {
    let server = try ScratchPostgres()
    let bench = try LoadBench(server)
    let dump = try LoadBench.corpus("chinook.sql")
    let (ours, theirs) = (try server.makeDatabase("ours"), try server.makeDatabase("theirs"))
    try bench.psql(dump, into: theirs)
    for crashAt in [3, 9, 14, 30] as [Int64] {
      var hooks = LoadHooks()
      var commits: Int64 = 0
      hooks.afterCommit = { _ in
        commits += 1
        if commits == crashAt { try server.crash(how) }
      }
      let error = #expect(throws: RecoverError.self) {
        try bench.load(dump, into: ours, commitBytes: 3000, hooks: hooks)
      }
      #expect(error?.code == .connectionLost)
      try server.start()
    }
    let outcome = try bench.load(dump, into: ours, commitBytes: 3000)
    #expect(outcome.isResumed)
    try bench.expectSame(ours, as: theirs)
  }

  @Test(
    "a raised interruption ends the load with what is done committed",
    .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"))
  func interrupted() throws {
    let (bench, dump) = (try LoadBench(), try LoadBench.corpus("chinook.sql"))
    try bench.server.withDatabase { database in
      let interruption = Interruption()
      var hooks = LoadHooks()
      hooks.progress = { if $0.rows > 1000 { interruption.raise() } }
      var request = try bench.request(database)
      request.commitBytes = 1 << 30
      // The first report comes at once, the next ones only every 100 ms: raised by the source instead.
      let error = #expect(throws: RecoverError.self) {
        try DumpLoader.load(request, hooks: hooks, interruption: interruption) { offset in
          RaisingSource(dump, from: Int(offset), at: 200_000, interruption)
        }
      }
      #expect(error?.code == .interrupted)
      guard case .inProgress(let mark) = try bench.probe(database) else {
        Issue.record("the load left no ledger")
        return
      }
      #expect(mark.offsetBytes > 0 && mark.offsetBytes < dump.count)
      #expect(try bench.load(dump, into: database).isResumed)
    }
  }

  @Test(
    "another dump does not go on where the first one stopped",
    .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"))
  func otherDump() throws {
    let bench = try LoadBench()
    let dump = try LoadBench.corpus("northwind.sql")
    try bench.server.withDatabase { database in
      var hooks = LoadHooks()
      hooks.afterCommit = { _ in throw Death() }
      #expect(throws: Death.self) { try bench.load(dump, into: database, hooks: hooks) }
      var request = try bench.request(database)
      request.identity = "another"
      let error = #expect(throws: RecoverError.self) {
        try DumpLoader.load(request, interruption: Interruption()) { MemorySource(dump, from: Int($0)) }
      }
      #expect(error?.code == .drifted)
    }
  }

  @Test("a load that made temporary tables says that it can't be resumed")
  func temporaryTables() throws {
    let bench = try LoadBench()
    let dump = Array("CREATE TEMP TABLE x (i int);\nCREATE TABLE a (i int);\nCREATE TABLE b (i int);\n".utf8)
    try bench.server.withDatabase { database in
      var hooks = LoadHooks()
      hooks.afterCommit = { _ in throw Death() }
      #expect(throws: Death.self) { try bench.load(dump, into: database, commitBytes: 1, hooks: hooks) }
      let error = #expect(throws: RecoverError.self) { try bench.load(dump, into: database) }
      #expect(error?.code == .stepFailed)
      #expect(error?.message.contains("line 1") == true)
    }
  }

  @Test("an index that was being built concurrently is built again")
  func concurrentIndex() throws {
    let bench = try LoadBench()
    let dump = Array("CREATE TABLE a (i int);\nCREATE INDEX CONCURRENTLY x ON a (i);\nCREATE TABLE b ();\n".utf8)
    try bench.server.withDatabase { database in
      // The commit before the index says that it is begun; the index itself is then made invalid by hand.
      var hooks = LoadHooks()
      hooks.afterCommit = { _ in throw Death() }
      #expect(throws: Death.self) { try bench.load(dump, into: database, hooks: hooks) }
      try bench.server.sql(
        "CREATE INDEX x ON a (i); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'x'::regclass", in: database
      )
      try bench.load(dump, into: database)
      #expect(
        try bench.server.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'x'::regclass", in: database) == "t")
    }
  }
}

/// Bytes in memory that fail after so many of them were read.
struct MortalSource: ByteSource, ~Copyable {
  struct Death: Error {}

  private var source: MemorySource
  private var budget: Int

  init(_ bytes: [UInt8], from offset: Int, budget: Int) {
    source = MemorySource(bytes, from: offset, largestRead: 512)
    self.budget = budget
  }

  var consumedBytes: Int64 { source.consumedBytes }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard budget > 0 else { throw Death() }
    let count = unsafe try source.read(into: buffer)
    budget -= count
    return count
  }
}

/// Bytes in memory that raise an interruption when a place is read.
struct RaisingSource: ByteSource, ~Copyable {
  private var source: MemorySource
  private let place: Int64
  private let interruption: Interruption

  init(_ bytes: [UInt8], from offset: Int, at place: Int64, _ interruption: Interruption) {
    source = MemorySource(bytes, from: offset, largestRead: 4096)
    self.place = place
    self.interruption = interruption
  }

  var consumedBytes: Int64 { source.consumedBytes }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = unsafe try source.read(into: buffer)
    if source.consumedBytes >= place { interruption.raise() }
    return count
  }
}
