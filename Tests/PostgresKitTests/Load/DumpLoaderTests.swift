import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("loading a dump")
struct DumpLoaderTests {
  private let bench: LoadBench

  init() throws { bench = try LoadBench() }

  @Test(
    "the result is psql's", .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"),
    arguments: ["chinook.sql", "northwind.sql"])
  func corpora(name: String) throws { try bench.expectAsPsql(LoadBench.corpus(name), name) }

  @Test(
    "every form of pg_dump's output gives psql's result",
    arguments: [
      [], ["--inserts"], ["--column-inserts", "--rows-per-insert=7"], ["--no-owner", "--no-privileges"],
      ["--schema-only"], ["--clean", "--if-exists"], ["--load-via-partition-root"], ["--disable-dollar-quoting"],
      ["--use-set-session-authorization"], ["--encoding=LATIN2"],
    ])
  func variants(options: [String]) throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    try bench.expectAsPsql(bench.server.pgDump(rich, options: options), options.joined(separator: " "))
  }

  @Test("a --clean dump into an empty database passes over what there is not to drop")
  func clean() throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    let dump = try bench.server.pgDump(rich, options: ["--clean"])
    try bench.expectAsPsql(dump, stopOnError: false)
    try bench.server.withDatabase { database in
      let outcome = try bench.load(dump, into: database)
      #expect(outcome.tolerated.count > 30)
      #expect(outcome.tolerated.allSatisfy { $0.reason.contains("nothing to drop") })
    }
  }

  @Test("a --create dump loads into the database it is given, and leaves the one it names alone")
  func create() throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    try bench.server.sql("ALTER DATABASE \(rich) SET work_mem = '8MB'; COMMENT ON DATABASE \(rich) IS 'live'")
    try bench.server.withDatabase { database in
      let outcome = try bench.load(bench.server.pgDump(rich, options: ["--create"]), into: database)
      #expect(outcome.passedOver.map(\.statement).contains { $0.hasPrefix("CREATE DATABASE") })
      #expect(outcome.passedOver.count == 4)
      try bench.expectSame(database, as: rich)
    }
  }

  @Test("one database of a pg_dumpall is picked, and the globals are passed over")
  func dumpAll() throws {
    let own = try ScratchPostgres()
    let bench = try LoadBench(own)
    let (rich, other) = (try bench.makeRichDatabase(), try own.makeDatabase("other"))
    try own.sql("CREATE ROLE somebody; CREATE TABLE here (i int)", in: other)
    let dump = try own.pgDumpAll()
    try own.withDatabase { database in
      let outcome = try bench.load(dump, into: database, rules: LoadRules(database: rich))
      #expect(outcome.rows[SQLName(schema: "s", "parent")] == 300)
      try bench.expectSame(database, as: rich)
    }
    try own.withDatabase { database in
      let error = #expect(throws: RecoverError.self) { try bench.load(dump, into: database) }
      #expect(error?.code == .backupRefused)
      let count = try own.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'somebody'")
      #expect(count == "1")
    }
  }

  @Test("rows that refer to later rows of their own table load, however small the commits are")
  func selfReference() throws {
    var dump = "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t);\nCOPY t FROM stdin;\n"
    for id in (1...500).reversed() { dump += "\(id)\t\(id == 1 ? "\\N" : String(id - 1))\n" }
    dump += "\\.\n"
    try bench.server.withDatabase { database in
      let outcome = try bench.load(Array(dump.utf8), into: database, commitBytes: 1)
      #expect(outcome.rows == [SQLName("t"): 500])
    }
  }

  @Test("a trigger that fires once a statement fires once a COPY, however small the commits are")
  func statementTrigger() throws {
    var dump = """
      CREATE TABLE t (id int); CREATE TABLE fired (n int);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (1); RETURN NULL; END $$;
      CREATE TRIGGER tg AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f();
      COPY t FROM stdin;

      """
    for id in 1...500 { dump += "\(id)\n" }
    dump += "\\.\n"
    try bench.server.withDatabase { database in
      try bench.load(Array(dump.utf8), into: database, commitBytes: 1)
      #expect(try bench.server.sql("SELECT count(*) FROM fired", in: database) == "1")
    }
  }

  @Test("an event trigger of the dump that forbids every DROP does not stop the load from ending")
  func forbiddingTrigger() throws {
    let dump = """
      CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no drop'; END $$;
      CREATE EVENT TRIGGER et ON sql_drop EXECUTE FUNCTION f();
      ALTER EVENT TRIGGER et ENABLE ALWAYS;

      """
    try bench.server.withDatabase { database in
      try bench.load(Array(dump.utf8), into: database)
      #expect(try bench.probe(database) == .finished)
    }
  }

  @Test("rows are counted by table, COPY and INSERT alike", arguments: [[], ["--inserts", "--rows-per-insert=9"]])
  func counts(options: [String]) throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    try bench.server.withDatabase { database in
      let outcome = try bench.load(bench.server.pgDump(rich, options: options), into: database, commitBytes: 1000)
      #expect(outcome.rows[SQLName(schema: "s", "parent")] == 300)
      #expect(outcome.rows[SQLName(schema: "s", "child")] == 304)
      #expect(outcome.rows.values.reduce(0, +) == 1006)
    }
  }

  @Test("the finished load leaves the breadcrumb, no ledger, and the event triggers as they were")
  func finished() throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    try bench.server.withDatabase { database in
      #expect(try bench.probe(database) == .notStarted)
      try bench.load(bench.server.pgDump(rich), into: database)
      #expect(try bench.probe(database) == .finished)
      let triggers = "SELECT string_agg(evtname || evtenabled::text, ',' ORDER BY evtname) FROM pg_event_trigger"
      #expect(try bench.server.sql(triggers, in: database) == "edA,etO")
      #expect(try bench.server.sql("SELECT to_regnamespace('recover_ledger') IS NULL", in: database) == "t")
    }
  }

  @Test("a setting that the server does not know is passed over")
  func unknownSetting() throws {
    try bench.server.withDatabase { database in
      let dump = "CREATE TABLE a (i int);\nSET transaction_timeout_of_v99 = 0;\nCREATE TABLE b (i int);\n"
      let outcome = try bench.load(Array(dump.utf8), into: database)
      #expect(outcome.tolerated.map(\.line) == [2])
      #expect(try bench.server.sql("SELECT to_regclass('b') IS NOT NULL", in: database) == "t")
    }
  }

  @Test("an error names file, line, byte and statement, and what stands before it is kept")
  func located() throws {
    try bench.server.withDatabase { database in
      let dump = "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES ('x');\nCREATE TABLE b ();\n"
      let error = #expect(throws: RecoverError.self) { try bench.load(Array(dump.utf8), into: database) }
      #expect(error?.message.hasPrefix("dump.sql: line 3, byte 50: INSERT INTO a: invalid input") == true)
      #expect(error?.sqlState == "22P02")
      let count = try bench.server.sql("SELECT count(*) FROM a", in: database)
      #expect(count == "1")
      #expect(try bench.server.sql("SELECT to_regclass('b') IS NULL", in: database) == "t")
    }
  }

  @Test("a bad COPY row is an error with the COPY's table, and no row of the last part is kept")
  func badRow() throws {
    try bench.server.withDatabase { database in
      let dump = "CREATE TABLE a (i int);\nCOPY a FROM stdin;\n1\n2\nx\n\\.\n"
      let error = #expect(throws: RecoverError.self) { try bench.load(Array(dump.utf8), into: database) }
      #expect(error?.message.contains("COPY a") == true)
      #expect(error?.postgres?.context == "COPY a, line 3, column i: \"x\"")
      let count = try bench.server.sql("SELECT count(*) FROM a", in: database)
      #expect(count == "0")
    }
  }

  @Test(
    "what can't run in a transaction block runs outside of one",
    arguments: [
      "CREATE TABLE t (i int); CREATE INDEX CONCURRENTLY x ON t (i); SELECT 1/(indisvalid::int) FROM pg_index WHERE indexrelid = 'x'::regclass;",
      "CREATE TABLE t (i int); VACUUM t;", "CREATE TABLE t (i int); REINDEX TABLE CONCURRENTLY t;",
      "CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b'; CREATE TABLE t (v e DEFAULT 'b'); INSERT INTO t VALUES (DEFAULT);",
      "CREATE TABLE t (i int); DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$;",
      "CREATE TABLE t (i int); DROP INDEX CONCURRENTLY IF EXISTS nothing;",
      "CREATE TABLE p (i int PRIMARY KEY); CREATE TABLE t (i int REFERENCES p DEFERRABLE INITIALLY DEFERRED); BEGIN; INSERT INTO t VALUES (1); INSERT INTO p VALUES (1); COMMIT; ALTER TABLE t ADD c int;",
      "CREATE TABLE t (i int); BEGIN; INSERT INTO t VALUES (1); ROLLBACK; INSERT INTO t VALUES (2);",
      "CREATE TABLE t (i int); BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); ROLLBACK TO a; INSERT INTO t VALUES (2); COMMIT;",
      "BEGIN; SELECT lo_create(77); SELECT lo_open(77, 131072); CREATE TABLE t (i int); COMMIT;",
      "SET LOCAL search_path = ''; CREATE TABLE t (i int);",
      "CREATE TEMP TABLE x AS SELECT 1 AS i; CREATE TABLE t AS SELECT * FROM x;",
      "CREATE SCHEMA public; CREATE TABLE t (i int);;; RESET ALL; INSERT INTO t VALUES (1);",
      "SET standard_conforming_strings = off; CREATE TABLE t (i text); INSERT INTO t VALUES ('a\\'b;');",
    ])
  func outsideOfTransactions(sql: String) throws {
    let isTolerated = sql.contains("CREATE SCHEMA public")
    try bench.expectAsPsql(Array(sql.utf8), stopOnError: !isTolerated, sql)
  }

  @Test(
    "what reaches beyond the database is refused",
    arguments: [
      "ALTER SYSTEM SET work_mem = '1MB';", "CREATE ROLE x;", "DROP USER x;", "ALTER ROLE x SUPERUSER;",
      "GRANT a TO b;",
      "COPY t FROM '/etc/passwd';", "COPY t FROM PROGRAM 'id';", "CREATE TABLESPACE x LOCATION '/tmp';",
      "CREATE SCHEMA recover_ledger;", "\\! id",
    ])
  func refused(sql: String) throws {
    try bench.server.withDatabase { database in
      let error = #expect(throws: RecoverError.self) { try bench.load(Array("\(sql)\n".utf8), into: database) }
      #expect(error?.code == .backupRefused)
      #expect(error?.message.contains("line 1") == true)
    }
  }

  @Test(
    "a role's own defaults do not spoil the load",
    .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"))
  func spoiledRole() throws {
    let role = ScratchPostgres.uniqueName("loader")
    try bench.server.sql(
      """
      CREATE ROLE \(role) LOGIN CREATEDB; ALTER ROLE \(role) SET statement_timeout = 1;
      ALTER ROLE \(role) SET default_transaction_read_only = on; ALTER ROLE \(role) SET lock_timeout = 1;
      """)
    defer { _ = try? bench.server.sql("DROP ROLE \(role)") }
    try bench.server.withDatabase(options: "OWNER \(role)") { database in
      let dump = try LoadBench.corpus("chinook.sql")
      let request = try bench.request(database, user: role)
      let outcome = try DumpLoader.load(request, interruption: Interruption()) { MemorySource(dump, from: Int($0)) }
      #expect(outcome.rows.values.reduce(0, +) > 15_000)
    }
  }

  @Test("a second loader of the same database gives up while the first one works")
  func locked() throws {
    try bench.server.withDatabase { database in
      var other = try Connection(bench.server.settings(database))
      _ = try other.query("SELECT pg_advisory_lock(\(0x7265_636f_7665_7231 as Int64))")
      let interruption = Interruption()
      interruption.raise()
      let error = #expect(throws: RecoverError.self) {
        try DumpLoader.load(bench.request(database), interruption: interruption) { MemorySource([], from: Int($0)) }
      }
      #expect(error?.code == .interrupted)
    }
  }
}
