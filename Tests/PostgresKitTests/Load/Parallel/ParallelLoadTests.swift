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
}
