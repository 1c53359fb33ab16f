import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("loading a dump over several connections")
struct ParallelLoadTests {
  private let bench: LoadBench

  init() throws {
    var bench = try LoadBench()
    bench.jobs = 2
    self.bench = bench
  }

  /// Loads, and asserts that several connections did it.
  @discardableResult
  private func loadInParallel(_ dump: [UInt8], into database: String, hooks: LoadHooks = LoadHooks()) throws
    -> LoadOutcome
  {
    let outcome = try bench.load(dump, into: database, hooks: hooks)
    #expect(outcome.order == .parallel(jobs: 2))
    return outcome
  }

  @Test(
    "every form of pg_dump's output with one of every kind of object gives psql's result",
    arguments: [
      [], ["--no-owner", "--no-privileges"], ["--load-via-partition-root"], ["--quote-all-identifiers"],
      ["--clean"], ["--create"],
    ])
  func everything(options: [String]) throws {
    let everything = try EverythingTests.made.get()
    let dump = try bench.server.pgDump(everything, options: options)
    try bench.server.withDatabase { theirs in
      let isWhole = options.contains("--create")
      if !isWhole { try bench.psql(dump, into: theirs, stopOnError: !options.contains("--clean")) }
      try bench.server.withDatabase { ours in
        try loadInParallel(dump, into: ours)
        try bench.expectSame(ours, as: isWhole ? everything : theirs, "\(options)")
      }
    }
  }

  @Test(
    "a dump whose order matters is loaded in its own, and says why",
    arguments: [
      ("CREATE TABLE a (i int);\nBEGIN;\nCOPY a FROM stdin;\n1\n\\.\nCOMMIT;\n", "transaction of its own"),
      (
        "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nCREATE TABLE b ();\nINSERT INTO a VALUES (2);\n",
        "among the rows"
      ),
      ("CREATE TABLE a (i serial, v int);\nCOPY a (v) FROM stdin;\n1\n\\.\n", "leave i to a sequence"),
      (
        "CREATE TABLE a (i int);\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION "
          + "suppress_redundant_updates_trigger();\nCOPY a FROM stdin;\n\\.\n",
        "has the trigger t"
      ),
      (
        "CREATE TABLE a (i int PRIMARY KEY, j int REFERENCES a);\nCOPY a FROM stdin;\n1\t1\n\\.\n",
        "has the foreign key"
      ),
      ("CREATE TEMP TABLE x ();\nCREATE TABLE a (i int);\nCOPY a FROM stdin;\n1\n\\.\n", "temporary object"),
      ("CREATE TABLE a (i int);\n", "holds no rows"),
    ])
  func ownOrder(dump: String, reason: String) throws {
    try bench.server.withDatabase { database in
      let outcome = try bench.load(Array(dump.utf8), into: database)
      guard case .serial(let said) = outcome.order else {
        Issue.record("\(outcome.order)")
        return
      }
      #expect(said?.contains(reason) == true, "\(String(describing: said))")
    }
  }

  @Test("a load that the server ends a deadlock with goes on by itself")
  func deadlock() throws {
    try bench.server.withDatabase { ours in
      let other = try TestProcess(
        [ScratchPostgres.programs + "psql", "-qX", "--set=ON_ERROR_STOP=1"] + bench.server.connectionArguments(ours),
        input: .bytes(Array(Self.otherSession.utf8)))
      let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"
      while !other.wait(milliseconds: 5), try bench.server.sql(held) == "0" {}
      let outcome = try loadInParallel(Array(Self.deadlocking.utf8), into: ours)
      #expect(outcome.rows.values.reduce(0, +) == 6)
      let result = other.result()
      #expect(result.status == 0, "\(result.errorText)")
      #expect(result.outputText.contains("both"), "the other session has got both locks")
      #expect(try bench.server.sql("SELECT count(*) FROM pg_indexes WHERE tablename = 'a'", in: ours) == "1")
    }
  }

  /// While the index is built, whose function waits until somebody waits for its table, and only then reads b.
  private static let deadlocking = """
    CREATE FUNCTION public.f(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      PERFORM pg_advisory_xact_lock_shared(4712);
      LOOP
        EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE relation = 'public.a'::regclass AND NOT granted)
          OR NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711);
        PERFORM pg_sleep(0.01);
      END LOOP;
      PERFORM count(*) FROM public.b;
      RETURN i; END $$;
    CREATE TABLE public.a (i int);
    CREATE TABLE public.b (i int);
    COPY public.a FROM stdin;
    1
    2
    3
    \\.
    COPY public.b FROM stdin;
    1
    2
    3
    \\.
    CREATE INDEX a_f ON public.a USING btree (public.f(i));

    """

  /// Takes b while the index is built, and then wants a; it never ends a deadlock itself.
  private static let otherSession = """
    SET deadlock_timeout = '10min';
    SELECT pg_advisory_lock(4711) \\g /dev/null
    DO $$ BEGIN FOR tries IN 1..6000 LOOP
      EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4712);
      PERFORM pg_sleep(0.01);
    END LOOP; END $$;
    BEGIN;
    LOCK TABLE public.b;
    LOCK TABLE public.a;
    SELECT 'both';
    COMMIT;
    """
}
