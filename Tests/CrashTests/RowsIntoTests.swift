internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// A shop that lost rows since its backup, and changed in other ways.
struct RowsIntoScene {
  let lab: RecoverLab
  let dump: String

  init(hook: String = "", backup: String = "", live: String = RowsIntoScene.damage) throws {
    let server = try ScratchPostgres.shared()
    lab = try RecoverLab(
      server: server, sql: Self.shop + backup,
      databasePolicy: hook.isEmpty ? "" : "    after-restore: [{name: break, shell: \"\(hook)\"}]")
    dump = try lab.dump(lab.database, to: "backup.sql")
    try server.sql(live, in: lab.database)
  }

  func sql(_ text: String) throws -> String { try lab.server.sql(text, in: lab.database) }

  func content() throws -> [String] { try lab.content(of: lab.database, options: ["--exclude-schema=recover_*"]) }

  func run(
    _ table: String = "public.orders", _ more: [String] = ["--triggers", "skip", "--yes"],
    environment: [String: String] = [:]
  ) throws -> TestProcess.Result {
    try lab.recover(["db", "--from", dump, "--rows-into", table] + more, environment: environment)
  }

  func schemas() throws -> [String] {
    try sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'recover%' ORDER BY 1").split(separator: "\n")
      .map(String.init)
  }

  /// Orders 50 to 69 are gone, 5 is another one, the table has a new column, its sequence has been set back.
  static let damage = """
    DELETE FROM public.orders WHERE id BETWEEN 50 AND 69;
    ALTER TABLE public.orders DISABLE TRIGGER loud;
    UPDATE public.orders SET note = 'changed since' WHERE id = 5;
    UPDATE public.spots SET value = 3 WHERE value = 1;
    DELETE FROM public.spots WHERE value = 2;
    ALTER TABLE public.orders ENABLE ALWAYS TRIGGER loud;
    ALTER TABLE public.orders ADD since text DEFAULT 'new', ALTER total TYPE numeric(12,2);
    SELECT setval('public.orders_id_seq', 40);
    """

  static let shop = """
    CREATE TABLE public.customers (id serial PRIMARY KEY, email text NOT NULL UNIQUE);
    CREATE TABLE public.orders (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int NOT NULL REFERENCES public.customers,
      parent bigint REFERENCES public.orders ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
      note text CHECK (note <> 'forbidden'), total numeric(10,2),
      double int GENERATED ALWAYS AS (customer * 2) STORED);
    CREATE TABLE public.items (id serial PRIMARY KEY, order_id bigint REFERENCES public.orders ON DELETE CASCADE);
    CREATE FUNCTION public.loud() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM FROM log; NEW.note := upper(NEW.note); RETURN NEW; END $$;
    INSERT INTO public.customers (email) SELECT 'c' || i || '@example.com' FROM generate_series(1, 9) i;
    INSERT INTO public.orders (customer, parent, note, total)
      SELECT 1 + i % 9, CASE WHEN i % 3 = 0 THEN i - 1 END, 'note ' || i, i FROM generate_series(1, 69) i;
    CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.loud();
    CREATE TABLE public.log (line text);
    CREATE TABLE public.measures (day date, site int, value int, UNIQUE (site, day)) PARTITION BY RANGE (day);
    CREATE TABLE public.measures_1 PARTITION OF public.measures FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE public.measures_2 PARTITION OF public.measures FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    ALTER TABLE public.measures ALTER day SET NOT NULL, ALTER site SET NOT NULL;
    CREATE TYPE public.spot AS (x int, y int);
    CREATE TABLE public.spots (spot public.spot PRIMARY KEY, value int);
    INSERT INTO public.spots VALUES (ROW(NULL, NULL), 1), (ROW(1, 2), 2);
    INSERT INTO public.measures SELECT '2026-01-01'::date + i, 1, i FROM generate_series(0, 50) i;
    """
}

/// `recover db --rows-into TABLE`, with the real binary and server.
@Suite(.serialized)
struct RowsIntoTests {
  @Test("rows that lack come back as they were, others stay, and the undo takes back what nobody uses by now")
  func insertedAndUndone() throws {
    let scene = try RowsIntoScene()
    let damaged = try scene.content()
    let plan = try scene.run("public.orders", ["--triggers", "skip", "--plan"])
    #expect(plan.status == 0, "\(plan.errorText)\(plan.outputText)")
    for line in [
      "triggers are left out: loud", "column since is not in the backup: it gets its default",
      "column total is numeric(12,2), converted from the backup's numeric(10,2)",
    ] {
      #expect(plan.outputText.contains(line), "\(plan.outputText)")
    }
    #expect(try scene.content() == damaged)
    let result = try scene.run()
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    for line in ["20 rows missing in the live table", "1 row differ there and stay, such as (5)", "inserted 20 rows"] {
      #expect(result.outputText.contains(line), "\(result.outputText)")
    }
    #expect(
      try scene.sql("SELECT count(*), max(double) FROM public.orders WHERE since = 'new' AND note = 'note ' || id")
        == "68|18")
    #expect(try scene.sql("SELECT note FROM public.orders WHERE id = 5") == "changed since")
    #expect(try scene.sql("SELECT tgenabled FROM pg_trigger WHERE tgname = 'loud'") == "A")
    #expect(try scene.sql("INSERT INTO public.orders (customer) VALUES (1) RETURNING id") == "70")
    #expect(try scene.schemas().count == 1)
    // Nothing lacks any more.
    let again = try scene.run()
    #expect(again.status == 0 && again.outputText.contains("inserted 0 rows"), "\(again.errorText)\(again.outputText)")
    // 60 is changed, 61 has something in a column that is newer than the run, 65 has a new item; 66 refers to 65, which
    // goes nowhere.
    _ = try scene.sql(
      """
      UPDATE public.orders SET total = 1 WHERE id = 60; INSERT INTO public.items (order_id) VALUES (65);
      ALTER TABLE public.orders ADD hint text; ALTER TABLE public.orders DISABLE TRIGGER loud;
      UPDATE public.orders SET hint = 'mine' WHERE id = 61; ALTER TABLE public.orders ENABLE ALWAYS TRIGGER loud;
      """)
    let run = try #require(try scene.lab.recover(["runs"]).outputText.split(separator: "\n").dropFirst().first)
    let first = String(try #require(run.split(separator: " ").first))
    let undone = try scene.lab.recover(["undo", first, "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
    #expect(undone.outputText.contains("deleted 16 rows"), "\(undone.outputText)")
    #expect(undone.outputText.contains("4 rows stay, changed or referred to since"), "\(undone.outputText)")
    #expect(
      try scene.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.orders WHERE id BETWEEN 50 AND 69")
        == "59,60,61,65")
    #expect(try scene.sql("SELECT count(*) FROM public.items") == "1")
    #expect(try scene.lab.recover(["undo", first, "--yes"]).status == 7)
    let fired = try scene.run("public.orders", ["--triggers", "fire", "--yes"])
    #expect(fired.status == 0 && fired.outputText.contains("inserted 16 rows"), "\(fired.errorText)")
    // A key whose fields are NULL is there.
    let spots = try scene.run("public.spots", ["--yes"])
    #expect(spots.status == 0 && spots.outputText.contains("1 row differ there and stay"), "\(spots.outputText)")
    #expect(spots.outputText.contains("inserted 1 row"), "\(spots.outputText)")
    // Order 60 was in capitals since its change.
    #expect(try scene.sql("SELECT count(*) FROM public.orders WHERE note = upper('note ' || id)") == "17")
  }
}

/// What rows are refused or passed over for.
@Suite(.serialized)
struct RowsIntoRefusalTests {
  @Test(
    "what does not fit is named and refused, and nothing is left behind",
    arguments: [
      ([], "", 2, "public.orders has triggers that an INSERT fires: loud"),
      (["--triggers", "fire", "--key", "orders_pky"], "", 2, "did you mean `orders_pkey`?"),
      (
        ["--triggers", "skip"], "ALTER TABLE public.orders DROP CONSTRAINT orders_pkey CASCADE", 2, "has no primary key"
      ),
      (
        ["--triggers", "skip"],
        "ALTER TABLE public.orders ADD must int NOT NULL CHECK (must > 0) DEFAULT 1; "
          + "ALTER TABLE public.orders ALTER must DROP DEFAULT", 1,
        "the backup has no column must, which must not be NULL and has no default"
      ),
      (
        ["--triggers", "skip"], "ALTER TABLE public.orders DROP total, ADD total point", 1,
        "cannot cast type numeric to point"
      ),
      (
        ["--triggers", "skip"],
        "UPDATE public.orders SET customer = 1 WHERE customer = 2; "
          + "DELETE FROM public.customers WHERE id = 2", 3,
        "rows violate foreign key orders_customer_fkey of public.orders"
      ),
      (
        ["--triggers", "skip"], "ALTER TABLE public.orders ADD CONSTRAINT few CHECK (total < 60) NOT VALID", 3,
        "10 rows violate check constraint few of public.orders"
      ),
      (["--triggers", "skip"], "DROP TABLE public.orders CASCADE", 2, "there is no table public.orders"),
      (
        ["--triggers", "skip"], "CREATE RULE r AS ON INSERT TO public.orders DO ALSO NOTHING", 1,
        "public.orders has rules for INSERT or UPDATE"
      ),
    ] as [([String], String, Int32, String)])
  func refused(options: [String], live: String, status: Int32, reason: String) throws {
    let scene = try RowsIntoScene(live: RowsIntoScene.damage + live)
    let before = try scene.content()
    let result = try scene.run("public.orders", options + ["--yes"])
    #expect(result.status == status, "\(result.errorText)\(result.outputText)")
    #expect(result.errorText.contains(reason), "\(result.errorText)")
    #expect(try scene.content() == before)
    #expect(try scene.schemas().isEmpty)
  }

  @Test("rows that break another unique key are passed over and named, those of a partition go where they belong")
  func passedOver() throws {
    let scene = try RowsIntoScene(
      live: """
        UPDATE public.customers SET email = 'old' WHERE id = 9; INSERT INTO public.customers VALUES (77, 'c9@example.com');
        DELETE FROM public.orders; DELETE FROM public.customers WHERE id IN (3, 9);
        DELETE FROM public.measures WHERE value % 2 = 0;
        """)
    let result = try scene.run("customers", ["--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    for line in ["inserted 1 row, skipped 1 row that the table refuses, such as (9)", "2 rows missing"] {
      #expect(result.outputText.contains(line), "\(result.outputText)")
    }
    #expect(try scene.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM public.customers") == "1,2,3,4,5,6,7,8,77")
    let part = try scene.run("public.measures_1", ["--yes"])
    #expect(part.status == 0, "\(part.errorText)\(part.outputText)")
    #expect(try scene.sql("SELECT count(*) FROM public.measures") == "41")
    let whole = try scene.run("public.measures", ["--yes"])
    #expect(whole.status == 0 && whole.outputText.contains("inserted 10 rows"), "\(whole.errorText)\(whole.outputText)")
    #expect(try scene.sql("SELECT count(*), count(DISTINCT tableoid) FROM public.measures") == "51|2")
    // A key to a partition alone is not one to the table, and spares its rows all the same.
    _ = try scene.sql(
      """
      CREATE TABLE public.readings (
        site int, day date, FOREIGN KEY (site, day) REFERENCES public.measures_2 (site, day) ON DELETE CASCADE);
      INSERT INTO public.readings VALUES (1, '2026-02-10');
      """)
    let undone = try scene.lab.recover(["undo", "last", "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
    #expect(undone.outputText.contains("deleted 9 rows"), "\(undone.outputText)")
    #expect(try scene.sql("SELECT count(*) FROM public.readings") == "1")
    _ = try scene.sql(
      "CREATE TRIGGER quiet AFTER INSERT ON public.measures_1 FOR EACH ROW EXECUTE FUNCTION public.loud()")
    let unasked = try scene.run("public.measures", ["--triggers", "skip", "--yes"])
    #expect(unasked.status == 1 && unasked.errorText.contains("its partitions have triggers"), "\(unasked.errorText)")
    let keyless = try scene.run("public.log", ["--yes"])
    #expect(keyless.status == 2 && keyless.errorText.contains("--table public.log --into NAME"), "\(keyless.errorText)")
    #expect(try scene.run("public.*", ["--yes"]).status == 2)
    #expect(try scene.run("public.ordrs", ["--yes"]).errorText.contains("did you mean `public.orders`?"))
    #expect(try scene.run("public.orders", ["--into", "x", "--yes"]).status == 2)
  }
}

/// Kills the real binary at every point of an insertion of rows, and resumes it.
@Suite(.serialized)
struct RowsIntoCrashTests {
  @Test(
    "a crash at any point is resumed to what an unbroken run gives",
    arguments: [
      "load.commit", "step-succeeded.prove", "step-intended.insert", "insert.inserted", "insert.before-commit",
      "insert.after-commit", "before-step-succeeded.insert", "step-intended.retire", "before-step-succeeded.retire",
    ])
  func everyPoint(point: String) throws {
    let scene = try RowsIntoScene()
    let crashed = try scene.run(environment: ["RECOVER_CRASH_AT": point])
    #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
    let resumed = try scene.lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(point): \(resumed.errorText)\(resumed.outputText)")
    #expect(try scene.sql(Self.whole) == "69|2415.00|1")
    #expect(try scene.schemas().count == 1, "\(point)")
    #expect(try scene.sql("SELECT tgenabled FROM pg_trigger WHERE tgname = 'loud'") == "A")
  }

  private static let whole =
    "SELECT count(*), sum(total), count(*) FILTER (WHERE note <> 'note ' || id) FROM public.orders"

  @Test(
    "a failed check takes the rows back, also after a crash on the way",
    arguments: [
      "", "step-undo-intended.insert", "insert.before-commit:2", "insert.after-commit:2", "step-undone.insert",
    ])
  func takenBack(point: String) throws {
    let scene = try RowsIntoScene(hook: "rm -f HERE/healthy")
    let damaged = try scene.content()
    if point.isEmpty {
      let result = try scene.run()
      #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    } else {
      let crashed = try scene.run(environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      let resumed = try scene.lab.recover(["resume", "last"])
      #expect(resumed.status == 3, "\(point): \(resumed.errorText)\(resumed.outputText)")
    }
    // Numbers that a sequence has given do not come back.
    #expect(
      try scene.content().filter { !$0.contains("setval") } == damaged.filter { !$0.contains("setval") }, "\(point)")
    #expect(try scene.schemas().isEmpty)
  }
}
