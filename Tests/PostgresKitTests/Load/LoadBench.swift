import PostgresKit
import RecoverBase
import RecoverTestSupport
import Synchronization
import Testing

/// Loads dumps into databases of a scratch server, and compares with what psql makes of them.
struct LoadBench {
  let server: ScratchPostgres
  /// Over how many connections it loads.
  var jobs = 1
  /// Into which parts it cuts data: small, so that a small dump has many.
  var partBytes = 2000
  var smallBytes = 500

  init(_ server: ScratchPostgres? = nil) throws { self.server = try server ?? .shared() }

  static let breadcrumb = "recover: loaded by a test's run"

  /// A file of the corpora in shared/.
  static func corpus(_ name: String) throws -> [UInt8] {
    guard let path = Fixtures.corpus("sql/\(name)") else {
      throw RecoverError(.unreachable, "no corpus \(name) beside the repository")
    }
    return try TestProcess.output(["cat", path])
  }

  func request(_ database: String, user: String = "postgres", rules: LoadRules = LoadRules()) throws -> LoadRequest {
    var request = LoadRequest(
      target: try server.settings(database, user: user), dumpName: "dump.sql", identity: "digest", rules: rules,
      breadcrumb: Self.breadcrumb)
    // Small, so that a small dump has many pieces.
    request.limits.bufferBytes = 4096
    request.limits.chunkBytes = 1024
    request.tuning = LoadTuning(jobs: jobs, maintenanceWorkers: 1)
    request.partBytes = partBytes
    request.smallBytes = smallBytes
    return request
  }

  /// Loads a dump in one life.
  @discardableResult
  func load(
    _ dump: [UInt8], into database: String, rules: LoadRules = LoadRules(), commitBytes: Int = 16 << 20,
    hooks: LoadHooks = LoadHooks()
  ) throws -> LoadOutcome {
    var request = try request(database, rules: rules)
    request.commitBytes = commitBytes
    guard jobs > 1 else {
      return try DumpLoader.load(request, hooks: hooks, interruption: Interruption()) { offset in
        MemorySource(dump, from: Int(offset))
      }
    }
    return try DumpLoader.load(
      request, index: .known(Self.index(dump, chunkBytes: partBytes / 2)), hooks: hooks, interruption: Interruption()
    ) { offset in
      MemorySource(dump, from: Int(offset))
    }
  }

  /// The index of a dump, with small chunks.
  static func index(_ dump: [UInt8], chunkBytes: Int = 1000) throws -> DumpIndex {
    var readerLimits = DumpReaderLimits()
    readerLimits.chunkBytes = 256
    var limits = DumpScan.Limits()
    limits.index.chunkBytes = chunkBytes
    var reader = DumpReader(MemorySource(dump), named: "dump.sql", limits: readerLimits)
    return try DumpScan(reading: &reader, limits: limits, interruption: Interruption()).index
  }

  /// Loads the dump by psql, as the runbook does.
  func psql(_ dump: [UInt8], into database: String, stopOnError: Bool = true) throws {
    let result = try TestProcess.run(
      [ScratchPostgres.programs + "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=\(stopOnError ? 1 : 0)"]
        + server.connectionArguments(database), input: .bytes(dump))
    if stopOnError, result.status != 0 { throw RecoverError(.stepFailed, "psql: \(result.errorText)") }
  }

  /// What pg_dump says of a database, with the rows of each table sorted.
  func content(_ database: String) throws -> [String] {
    let text = String(decoding: try server.pgDump(database), as: UTF8.self)
    var lines: [String] = []
    var rows: [String] = []
    var isInRows = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("\\restrict") || line.hasPrefix("\\unrestrict") { continue }
      if isInRows, line == "\\." {
        lines += rows.sorted() + [line]
        (rows, isInRows) = ([], false)
      } else if isInRows {
        rows.append(line)
      } else {
        lines.append(line)
        isInRows = line.hasPrefix("COPY ") && line.hasSuffix("FROM stdin;")
      }
    }
    return lines
  }

  /// Asserts that two databases hold the same, and names the first difference.
  func expectSame(_ database: String, as other: String, _ what: String = "") throws {
    let (left, right) = (try content(database), try content(other))
    let first = zip(left, right).first { $0 != $1 }
    #expect(first == nil && left.count == right.count, "\(what): \(String(describing: first))")
  }

  /// Asserts that the loader makes of a dump what psql makes of it, over one connection and over two.
  func expectAsPsql(_ dump: [UInt8], stopOnError: Bool = true, _ what: String = "") throws {
    let theirs = try server.makeDatabase("theirs")
    defer { try? server.dropDatabase(theirs) }
    try psql(dump, into: theirs, stopOnError: stopOnError)
    for jobs in [1, 2] {
      var bench = self
      bench.jobs = jobs
      try server.withDatabase { ours in
        try bench.load(dump, into: ours)
        try expectSame(ours, as: theirs, "\(what), jobs: \(jobs)")
      }
    }
  }

  func probe(_ database: String) throws -> LoadProbe {
    var connection = try Connection(server.settings(database))
    return try LoadProbe.read(&connection, breadcrumb: Self.breadcrumb)
  }

  /// A database that holds most of what a dump can hold, large objects and event triggers included.
  func makeRichDatabase() throws -> String {
    let database = try server.makeDatabase("rich")
    try server.sql(Self.rich, in: database)
    return database
  }

  static let rich = """
    CREATE SCHEMA s; CREATE EXTENSION IF NOT EXISTS plpgsql;
    CREATE TYPE s.mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN s.positive AS int CHECK (VALUE > 0);
    CREATE TABLE s.parent (id serial PRIMARY KEY, name text NOT NULL, m s.mood DEFAULT 'ok', up int REFERENCES s.parent);
    CREATE TABLE s.child (id bigint GENERATED ALWAYS AS IDENTITY, p int REFERENCES s.parent DEFERRABLE INITIALLY DEFERRED,
      v s.positive, t text, b bytea, twice int GENERATED ALWAYS AS (p * 2) STORED);
    CREATE TABLE s."we""ird" ("a b" text, "żółć" text);
    CREATE TABLE s.part (d date, v int) PARTITION BY RANGE (d);
    CREATE TABLE s.part_a PARTITION OF s.part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE s.part_b PARTITION OF s.part FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
    INSERT INTO s.parent (name, up) SELECT 'n' || i, CASE WHEN i > 1 THEN i - 1 END FROM generate_series(1, 300) AS i;
    INSERT INTO s.child (p, v, t, b) SELECT i, i, E'a\\tb\\nc\\\\' || i, decode('00ff0a', 'hex') FROM generate_series(1, 300) i;
    INSERT INTO s.child (t) VALUES (NULL), (''), ('\\.'), ('\\N');
    INSERT INTO s."we""ird" VALUES ('$$', ';'), ('--', '/*');
    INSERT INTO s.part SELECT '2020-06-01'::date + i, i FROM generate_series(1, 400) AS i;
    CREATE INDEX ON s.child (p); CREATE UNIQUE INDEX ON s.child (lower(t)) WHERE v > 5;
    CREATE VIEW s.v AS SELECT count(*) FROM s.child;
    CREATE MATERIALIZED VIEW s.mv AS SELECT p, count(*) FROM s.child GROUP BY p;
    CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS $f$ SELECT $1; -- ;
    $f$;
    CREATE FUNCTION s.g(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END; END;
    CREATE FUNCTION s.tg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER tg BEFORE INSERT ON s.child FOR EACH ROW EXECUTE FUNCTION s.tg();
    CREATE RULE r AS ON DELETE TO s.parent DO ALSO (SELECT 1; SELECT 2);
    ALTER TABLE s.parent ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON s.parent USING (true);
    CREATE PUBLICATION pub FOR ALL TABLES; COMMENT ON TABLE s.parent IS 'it''s';
    CREATE STATISTICS s.st ON p, v FROM s.child; CREATE SEQUENCE s.sq START 7; SELECT nextval('s.sq');
    SELECT lo_from_bytea(90000 + i, decode(repeat('ab', i * 100), 'hex')) FROM generate_series(1, 20) AS i;
    COMMENT ON LARGE OBJECT 90001 IS 'lob'; GRANT SELECT ON s.parent TO PUBLIC;
    ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC;
    CREATE FUNCTION s.ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'event'; END $$;
    CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION s.ev();
    CREATE EVENT TRIGGER ed ON sql_drop EXECUTE FUNCTION s.ev();
    ALTER EVENT TRIGGER ed ENABLE ALWAYS;
    """
}
