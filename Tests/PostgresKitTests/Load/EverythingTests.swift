import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("loading one of every kind of object")
struct EverythingTests {
  /// The database that holds everything, in the shared cluster.
  private let everything: String
  private let bench: LoadBench

  static let made = Result {
    let database = try ScratchPostgres.shared().makeDatabase("everything")
    try ScratchPostgres.shared().psql(database, file: Fixtures.path("dumps/everything.sql"))
    return database
  }

  init() throws {
    everything = try Self.made.get()
    bench = try LoadBench()
  }

  @Test(
    "every form of the dump gives psql's result, and is proved",
    arguments: [
      [], ["--inserts"], ["--column-inserts", "--rows-per-insert=3"], ["--clean"], ["--clean", "--if-exists"],
      ["--no-owner", "--no-privileges"], ["--schema-only"],
      ["--load-via-partition-root"], ["--quote-all-identifiers"], ["--disable-dollar-quoting", "--no-comments"],
      ["--section=pre-data", "--section=data"],
    ])
  func variants(options: [String]) throws {
    let dump = try bench.server.pgDump(everything, options: options)
    let (ours, theirs) = (try bench.server.makeDatabase("ours"), try bench.server.makeDatabase("theirs"))
    defer { for name in [ours, theirs] { try? bench.server.dropDatabase(name) } }
    try bench.psql(dump, into: theirs, stopOnError: !options.contains("--clean"))
    let outcome = try bench.load(dump, into: ours)
    try bench.expectSame(ours, as: theirs, options.joined(separator: " "))
    let request = ProofRequest(segments: try DumpSurvey.of(dump).content(of: nil), loadedRows: outcome.rows)
    var connection = try Connection(bench.server.settings(ours))
    let proof = try RestoreProof.prove(request, &connection)
    #expect(proof.differences == [])
  }

  @Test("a --create dump and a segment of pg_dumpall load under another name")
  func otherName() throws {
    let create = try bench.server.pgDump(everything, options: ["--create", "--clean"])
    let world = try DumpWorld.shared()
    let all = try world.server.pgDumpAll()
    for (dump, rules) in [(create, LoadRules()), (all, LoadRules(database: world.everything))] {
      try bench.server.withDatabase { database in
        try bench.load(dump, into: database, rules: rules)
        try bench.expectSame(database, as: everything)
      }
    }
    try bench.server.withDatabase { database in
      try bench.load(all, into: database, rules: LoadRules(database: world.other))
      #expect(try bench.server.sql("SELECT sum(a) FROM t", in: database) == "3")
    }
  }

  @Test("a dump that lacks the database it should be loaded from is refused")
  func missingSegment() throws {
    try bench.server.withDatabase { database in
      let all = try DumpWorld.shared().server.pgDumpAll()
      let error = #expect(throws: RecoverError.self) {
        try bench.load(all, into: database, rules: LoadRules(database: "nowhere"))
      }
      #expect(error?.code == .backupRefused)
    }
  }

  @Test("dying at random bytes gives the same result", arguments: [[], ["--inserts"], ["--clean", "--create"]])
  func deaths(options: [String]) throws {
    let dump = try bench.server.pgDump(everything, options: options)
    let seed = SeededGenerator.runSeed
    var generator = SeededGenerator(seed: seed)
    try bench.server.withDatabase { database in
      var isDone = false
      while !isDone {
        do {
          var request = try bench.request(database)
          request.commitBytes = generator.int(1...8000)
          let budget = generator.int(1...dump.count)
          _ = try DumpLoader.load(request, interruption: Interruption()) { offset in
            MortalSource(dump, from: Int(offset), budget: budget)
          }
          isDone = true
        } catch is MortalSource.Death {}
      }
      try bench.expectSame(database, as: everything, "RECOVER_SEED=\(seed)")
    }
  }
}
