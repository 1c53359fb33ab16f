import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("resuming a load over several connections")
struct ParallelResumeTests {
  private struct Death: Error {}

  private static func bench(_ server: ScratchPostgres? = nil) throws -> LoadBench {
    var bench = try LoadBench(server)
    bench.jobs = 2
    return bench
  }

  /// A database with rows enough for several parts of each table, keys of every kind, and a validated foreign key.
  private static let source = """
    CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, UNIQUE (name, id));
    CREATE TABLE entry (id bigint PRIMARY KEY, customer int REFERENCES customer, note text, day date);
    CREATE TABLE part (id int, v text) PARTITION BY LIST (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
    CREATE TABLE tiny (id serial PRIMARY KEY, customer int REFERENCES customer);
    INSERT INTO customer SELECT i, 'name ' || i FROM generate_series(1, 300) i;
    INSERT INTO entry SELECT i, 1 + i % 300, repeat('x', i % 50) || E'\\n' || i, date '2026-01-01' + i
      FROM generate_series(1, 700) i;
    INSERT INTO part SELECT 1 + i % 2, 'v' || i FROM generate_series(1, 400) i;
    INSERT INTO tiny (customer) VALUES (1), (2);
    CREATE INDEX ON entry (customer, day); CREATE INDEX ON entry (lower(note)); CREATE INDEX ON entry USING brin (day);
    ALTER TABLE entry ADD EXCLUDE USING btree (id WITH =);
    CREATE INDEX ON part (v);
    SELECT lo_from_bytea(91000 + i, decode(repeat('ab', i * 40), 'hex')) FROM generate_series(1, 30) AS i;
    """

  private static func withSource(_ bench: LoadBench, _ body: (String, [UInt8]) throws -> Void) throws {
    try bench.server.withDatabase { database in
      try bench.server.sql(source, in: database)
      try body(database, try bench.server.pgDump(database))
    }
  }

  @Test("dying after every single commit gives the same result, and every stage is died in")
  func everyCommit() throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      try bench.server.withDatabase { ours in
        var lives = 0
        var stages: Set<LoadStage> = []
        while true {
          var hooks = LoadHooks()
          hooks.afterCommit = { _ in throw Death() }
          hooks.atStage = { stages.insert($0) }
          lives += 1
          do {
            let outcome = try bench.load(dump, into: ours, commitBytes: 3000, hooks: hooks)
            #expect(outcome.order == .parallel(jobs: 2))
            #expect(outcome.rows.values.reduce(0, +) == 1402)
            break
          } catch is Death {
            #expect(try bench.probe(ours) != .finished)
          }
        }
        // Both workers may commit before a life ends.
        #expect(lives > 8)
        #expect(stages == Set(LoadStage.allCases))
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test("dying where each stage begins gives the same result", arguments: LoadStage.allCases)
  func everyStage(stage: LoadStage) throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      try bench.server.withDatabase { ours in
        var hooks = LoadHooks()
        hooks.atStage = { if $0 == stage { throw Death() } }
        #expect(throws: Death.self) { try bench.load(dump, into: ours, hooks: hooks) }
        try bench.load(dump, into: ours)
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test("a source that fails after some bytes is the load's error, and the next life goes on")
  func failingSource() throws {
    let bench = try Self.bench()
    let seed = SeededGenerator.runSeed
    var generator = SeededGenerator(seed: seed)
    try Self.withSource(bench) { source, dump in
      let index = LoadPlaces.known(try LoadBench.index(dump))
      try bench.server.withDatabase { ours in
        var isDone = false
        var lives = 0
        while !isDone {
          lives += 1
          try #require(lives < 200, "RECOVER_SEED=\(seed)")
          // The large objects of a dump are one transaction.
          let budget = generator.int(4000...60_000)
          var request = try bench.request(ours)
          request.commitBytes = generator.int(1...2000)
          do {
            _ = try DumpLoader.load(request, index: index, interruption: Interruption()) { offset in
              MortalSource(dump, from: Int(offset), budget: budget)
            }
            isDone = true
          } catch is MortalSource.Death {
          } catch let error as RecoverError {
            guard error.underlying is MortalSource.Death else { throw error }
          }
        }
        try bench.expectSame(ours, as: source, "RECOVER_SEED=\(seed)")
      }
    }
  }

  @Test("a server killed again and again loses nothing that was recorded", arguments: ScratchPostgres.Crash.allCases)
  func serverCrashes(how: ScratchPostgres.Crash) throws {
    let server = try ScratchPostgres()
    let bench = try Self.bench(server)
    try Self.withSource(bench) { source, dump in
      let ours = try server.makeDatabase("ours")
      // Before the crashes: they move the source's own sequence (PostgreSQL logs it ahead).
      let expected = try bench.content(source)
      for crashAt in [3, 6, 4] {
        var hooks = LoadHooks()
        var commits = 0
        hooks.afterCommit = { _ in
          commits += 1
          if commits == crashAt { try server.crash(how) }
        }
        let error = #expect(throws: RecoverError.self) {
          try bench.load(dump, into: ours, commitBytes: 3000, hooks: hooks)
        }
        #expect([.connectionLost, .unreachable].contains(error?.code))
        try server.start()
      }
      try bench.load(dump, into: ours)
      #expect(try bench.content(ours) == expected)
    }
  }

  @Test("a worker whose session is ended by somebody is the load's error, and the next life goes on")
  func endedWorker() throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      try bench.server.withDatabase { ours in
        var ended = ""
        var hooks = LoadHooks()
        var commits = 0
        hooks.atStage = { _ in commits = 0 }
        hooks.afterCommit = { _ in
          commits += 1
          guard commits == 3, ended != "t" else { return }
          ended = try bench.server.sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '\(ours)' "
              + "AND application_name LIKE '%/worker-1'")
        }
        let error = #expect(throws: RecoverError.self) { try bench.load(dump, into: ours, hooks: hooks) }
        #expect(error?.code == .connectionLost)
        try bench.load(dump, into: ours)
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test("a raised interruption ends every worker, and the next life goes on")
  func interrupted() throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      let index = LoadPlaces.known(try LoadBench.index(dump))
      try bench.server.withDatabase { ours in
        let interruption = Interruption()
        var hooks = LoadHooks()
        var commits = 0
        hooks.afterCommit = { _ in
          commits += 1
          if commits == 6 { interruption.raise() }
        }
        let error = #expect(throws: RecoverError.self) {
          try DumpLoader.load(bench.request(ours), index: index, hooks: hooks, interruption: interruption) { offset in
            MemorySource(dump, from: Int(offset))
          }
        }
        #expect(error?.code == .interrupted)
        #expect(try bench.load(dump, into: ours).isResumed)
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test("a load that was begun in the dump's own order goes on in it")
  func begunSerially() throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      try bench.server.withDatabase { ours in
        var serial = bench
        serial.jobs = 1
        var hooks = LoadHooks()
        var commits = 0
        hooks.afterCommit = { _ in
          commits += 1
          if commits == 8 { throw Death() }
        }
        #expect(throws: Death.self) { try serial.load(dump, into: ours, commitBytes: 2000, hooks: hooks) }
        let outcome = try bench.load(dump, into: ours)
        #expect(outcome.order == .serial(reason: "it was begun in its own order"))
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test("a load that was begun over several connections does not go on without the index")
  func begunInParallelWithoutIndex() throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      try bench.server.withDatabase { ours in
        var hooks = LoadHooks()
        hooks.atStage = { if $0 == .constraints { throw Death() } }
        #expect(throws: Death.self) { try bench.load(dump, into: ours, hooks: hooks) }
        let error = #expect(throws: RecoverError.self) {
          try DumpLoader.load(
            try bench.request(ours), index: .unknown("its index is gone"), interruption: Interruption()
          ) { MemorySource(dump, from: Int($0)) }
        }
        #expect(error?.code == .stepFailed)
        #expect(error?.message.contains("its index is gone") == true)
        // Nothing was loaded twice: it goes on where it was once the index is there.
        _ = try bench.load(dump, into: ours)
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test("a load that was begun over several connections goes on so, even with one")
  func begunInParallel() throws {
    let bench = try Self.bench()
    try Self.withSource(bench) { source, dump in
      try bench.server.withDatabase { ours in
        var hooks = LoadHooks()
        hooks.atStage = { if $0 == .constraints { throw Death() } }
        #expect(throws: Death.self) { try bench.load(dump, into: ours, hooks: hooks) }
        var request = try bench.request(ours)
        request.tuning = .serial
        let outcome = try DumpLoader.load(
          request, index: .known(LoadBench.index(dump)), interruption: Interruption()
        ) { MemorySource(dump, from: Int($0)) }
        #expect(outcome.order == .parallel(jobs: 1))
        try bench.expectSame(ours, as: source)
      }
    }
  }

  @Test(
    "a row that the server refuses is named with its line and byte, wherever it stands", arguments: [1, 2, 77, 299],
    [1, 2])
  func badRow(number: Int, jobs: Int) throws {
    var bench = try Self.bench()
    bench.jobs = jobs
    var dump = "CREATE TABLE a (i int, v text);\nCREATE TABLE b (i int);\nCOPY a FROM stdin;\n"
    var (line, byte) = (0, 0)
    for row in 1...300 {
      if row == number {
        (line, byte) = (dump.split(separator: "\n", omittingEmptySubsequences: false).count, dump.utf8.count)
      }
      dump += row == number ? "x\tbad\n" : "\(row)\tsome \\\ntext\n"
    }
    dump += "\\.\nCOPY b FROM stdin;\n1\n\\.\nALTER TABLE a ADD CONSTRAINT a_pkey PRIMARY KEY (i);\n"
    try bench.server.withDatabase { database in
      let error = #expect(throws: RecoverError.self) {
        try bench.load(Array(dump.utf8), into: database, commitBytes: number == 77 ? 700 : 16 << 20)
      }
      let place = "dump.sql: line \(line), byte \(byte): COPY a: "
      #expect(error?.message.hasPrefix(place) == true, "\(String(describing: error))")
      #expect(error?.sqlState == "22P02")
      let count = try bench.server.sql("SELECT count(*) FROM a WHERE v = 'bad'", in: database)
      #expect(count == "0")
    }
  }

  @Test("an index that can't be built, and a foreign key that does not hold, are named with their lines")
  func badConstraints() throws {
    let bench = try Self.bench()
    var rows = ""
    for row in 1...200 { rows += "\(row)\t\(row)\n" }
    let tables = "CREATE TABLE a (i int NOT NULL, j int);\nCREATE TABLE b (i int NOT NULL, j int);\n"
    for (name, wrong, line) in [("key", "7\t1\n", 409), ("reference", "201\t999\n", 411)] {
      let dump =
        tables + "COPY a FROM stdin;\n\(rows)\\.\nCOPY b FROM stdin;\n\(rows)\(wrong)\\.\n"
        + "ALTER TABLE ONLY a ADD CONSTRAINT a_pkey PRIMARY KEY (i);\n"
        + "ALTER TABLE ONLY b ADD CONSTRAINT b_pkey PRIMARY KEY (i);\nSELECT 1;\n"
        + "ALTER TABLE ONLY b ADD CONSTRAINT b_fkey FOREIGN KEY (j) REFERENCES a(i);\n"
      try bench.server.withDatabase { database in
        let error = #expect(throws: RecoverError.self) { try bench.load(Array(dump.utf8), into: database) }
        #expect(error?.message.contains("line \(line), ") == true, "\(name): \(String(describing: error))")
        #expect(error?.sqlState == (name == "key" ? "23505" : "23503"))
      }
    }
  }
}
