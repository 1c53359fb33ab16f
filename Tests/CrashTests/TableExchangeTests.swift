internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover db --table NAME` into the live database, with the real binary and server.
@Suite(.serialized)
struct TableExchangeTests {
  @Test("tables of the very state of the backup are exchanged without a trace in the database's dump")
  func identical() throws {
    let scene = try TableExchangeScene()
    let before = try scene.content()
    let oid = try scene.sql("SELECT 'public.orders'::regclass::oid")
    let result = try scene.exchange()
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try scene.content() == before)
    #expect(try scene.sql("SELECT 'public.orders'::regclass::oid") != oid)
    let all = try scene.exchange(
      ["sales.orders"], ["--schema", "public", "--exclude-table", "public.log", "--yes"])
    #expect(all.status == 0, "\(all.errorText)\(all.outputText)")
    #expect(try scene.content() == before)
    #expect(try scene.schemas().count == 3)
  }

  @Test("what depends on a table answers from the restored rows, and the undo brings everything back")
  func damagedAndUndone() throws {
    let scene = try TableExchangeScene(live: TableExchangeScene.damage)
    let damaged = try scene.content()
    let result = try scene.exchange()
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try scene.sql("SELECT count(*) FROM public.open_orders") == "200")
    #expect(try scene.sql("SELECT sum(total) > 0 FROM sales.per_customer") == "t")
    #expect(try scene.sql("SELECT sales.total(2) > 0") == "t")
    #expect(try scene.sql("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") == "t")
    #expect(
      try scene.sql("DELETE FROM public.orders WHERE id = 7; SELECT count(*) FROM public.items WHERE order_id = 7")
        == "0")
    // Kept rows refuse nothing, and cascade nowhere.
    _ = try scene.sql("INSERT INTO public.customers VALUES (99, 'new'); DELETE FROM public.customers WHERE id = 99")
    let plan = try scene.lab.recover(["undo", "last", "--plan"])
    #expect(plan.outputText.contains("public.orders 1"), "\(plan.outputText)\(plan.errorText)")
    let undone = try scene.lab.recover(["undo", "last", "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
    // The items of order 7 went while the restored table was live.
    let lost = damaged.filter { $0.hasSuffix("\t7") && $0.split(separator: "\t").count == 3 }
    #expect(lost.isEmpty == false)
    #expect(try scene.sql("SELECT note FROM public.orders WHERE id = 7") == "damaged")
    #expect(try Set(scene.content()).isSubset(of: Set(damaged)))
    let redone = try scene.lab.recover(["undo", "last", "--yes"])
    #expect(redone.status == 0, "\(redone.errorText)\(redone.outputText)")
    #expect(try scene.sql("SELECT count(*) FROM public.orders") == "199")
  }

  @Test("an undo with nothing written meanwhile gives the identical dump of before")
  func undoIsExact() throws {
    let scene = try TableExchangeScene(live: TableExchangeScene.damage)
    let damaged = try scene.content()
    #expect(try scene.exchange(["public.orders", "public.customers"]).status == 0)
    #expect(try scene.content() != damaged)
    let undone = try scene.lab.recover(["undo", "last", "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
    #expect(try scene.content() == damaged)
    #expect(
      try scene.sql(
        "SELECT count(*) FROM pg_depend d JOIN pg_class c ON d.refobjid = c.oid JOIN pg_namespace n "
          + "ON n.oid = c.relnamespace WHERE n.nspname LIKE 'recover%' AND d.classid = 'pg_rewrite'::regclass "
          + "AND d.deptype = 'n'") == "0")
  }

  @Test("a table that was dropped comes back, and the undo takes it away again")
  func dropped() throws {
    let scene = try TableExchangeScene(live: "DROP TABLE public.orders CASCADE")
    let before = try scene.content()
    let result = try scene.exchange()
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try scene.sql("SELECT count(*) FROM public.orders") == "200")
    #expect(try scene.schemas().isEmpty)
    let undone = try scene.lab.recover(["undo", "last", "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
    #expect(try scene.content() == before)
  }

  @Test("rows of other tables are jumped over, and the load goes on in the middle")
  func jumps() throws {
    let scene = try TableExchangeScene(
      extra: """
        CREATE TABLE public.a_large AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 8000) i;
        CREATE TABLE public.m_large AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 80000) i;
        CREATE TABLE public.z_large AS SELECT * FROM public.a_large;
        """, live: "TRUNCATE public.m_large")
    let crashed = try scene.exchange(["public.m_large"], environment: ["RECOVER_CRASH_AT": "load.commit:2"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    // The ledger stands in the rows of the chosen table.
    #expect(try scene.sql("SELECT max(offset_bytes) > 0 FROM recover_ledger.progress") == "t")
    let resumed = try scene.lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(
      try scene.sql(
        "SELECT count(*), count(DISTINCT i), min(length(t)), bool_and(t LIKE md5(i::text) || '%') FROM m_large")
        == "80000|80000|256|t")
  }

  @Test("of a backup of ours the content of every table is compared, and a row that changed is found")
  func content() throws {
    let scene = try TableExchangeScene()
    let before = try scene.content()
    let backup = try scene.lab.makeBackup(scene.lab.database)
    let tables = ["--table", "public.orders", "--table", "public.items", "--table", "sales.orders"]
    let result = try scene.lab.recover(["db", "--from", backup] + tables + ["--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try scene.content() == before)
    let crashed = try scene.lab.recover(
      ["db", "--from", backup, "--table", "public.orders", "--yes"],
      environment: ["RECOVER_CRASH_AT": "step-succeeded.load"])
    #expect(crashed.status == 137)
    let schema = try scene.schemas().first { $0.hasPrefix("recover_side") } ?? ""
    _ = try scene.sql("UPDATE \(schema).orders SET total = total + 1 WHERE id = 7")
    let resumed = try scene.lab.recover(["resume", "last"])
    #expect(resumed.status == 3, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.errorText.contains("as many rows with other content"), "\(resumed.errorText)")
    #expect(try scene.content() == before)
  }

  @Test("an assertion of the policy that does not hold exchanges nothing")
  func assertions() throws {
    let scene = try TableExchangeScene(live: TableExchangeScene.damage)
    let damaged = try scene.content()
    try scene.lab.changePolicy(
      "health: [app]",
      to: "assertions: [{name: enough, sql: \"SELECT count(*) = 200 FROM orders\"}, {name: few, sql: \"SELECT false\"}]"
    )
    let refused = try scene.exchange()
    #expect(refused.status == 3, "\(refused.errorText)\(refused.outputText)")
    #expect(refused.errorText.contains("assertion `few` does not hold"), "\(refused.errorText)")
    #expect(try scene.content() == damaged)
    #expect(try scene.schemas().isEmpty)
  }

  @Test("cleanup lists the replaced tables, and drops them once their time has come")
  func cleanup() throws {
    let scene = try TableExchangeScene(live: TableExchangeScene.damage)
    try scene.lab.changePolicy("health: [app]", to: "keep-previous: 1s")
    #expect(try scene.exchange().status == 0)
    let content = try scene.content()
    let listed = try scene.lab.recover(["cleanup"])
    #expect(listed.outputText.contains("previous tables"), "\(listed.outputText)\(listed.errorText)")
    // The retention that is over is written into the comment, as a clock would have it.
    _ = try scene.sql(
      """
      SELECT format('COMMENT ON SCHEMA %I IS %L', nspname, regexp_replace(obj_description(oid, 'pg_namespace'),
        '"retainUntil":[0-9]+', '"retainUntil":1')) FROM pg_namespace WHERE nspname LIKE 'recover%' \\gexec
      """)
    let dropped = try scene.lab.recover(["cleanup", "--yes"])
    #expect(dropped.status == 0, "\(dropped.errorText)")
    #expect(try scene.schemas().isEmpty)
    #expect(try scene.content() == content)
    #expect(try scene.lab.recover(["undo", "last", "--yes"]).status == 7)
  }

  @Test("a failed health check exchanges back, and keeps the restored tables")
  func failedHealth() throws {
    let scene = try TableExchangeScene(hook: "rm -f HERE/healthy", live: TableExchangeScene.damage)
    let damaged = try scene.content()
    let result = try scene.exchange()
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try scene.content() == damaged)
    #expect(try scene.schemas().allSatisfy { $0.hasPrefix("recover_failed_") })
    #expect(result.outputText.contains("recover_failed_"))
  }
}

/// What an exchange is refused for, before it has changed anything.
@Suite(.serialized)
struct TableExchangeRefusalTests {
  @Test(
    "what can't be made anew, or does not fit, is named and refused",
    arguments: [
      (
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM public.orders", 1,
        "materialized view public.m would have to be dropped"
      ),
      (
        "CREATE FUNCTION f() RETURNS SETOF public.orders LANGUAGE sql AS 'SELECT * FROM public.orders'", 1,
        "function public.f() uses the row type"
      ),
      (
        "ALTER TABLE public.orders ADD extra int; CREATE VIEW v AS SELECT extra FROM public.orders", 1,
        "view public.v needs column extra of public.orders, which the backup does not have"
      ),
      (
        "CREATE TABLE t (id bigint DEFAULT nextval('public.orders_id_seq'))", 1,
        "is a default that draws from a sequence of the table"
      ),
      (
        "ALTER TABLE public.orders DROP COLUMN note CASCADE, ADD note text; "
          + "CREATE VIEW places AS SELECT a FROM public.orders q(a, b)", 1,
        "view public.places names columns of public.orders by their place"
      ),
      ("CREATE TABLE child () INHERITS (public.orders)", 1, "public.orders is a part of other tables"),
      ("CREATE PUBLICATION every FOR ALL TABLES", 1, "publication every is FOR ALL TABLES"),
      ("DROP INDEX orders_big; CREATE INDEX orders_big ON public.log (t)", 1, "the name public.orders_big is taken"),
      ("DROP FUNCTION public.touch() CASCADE", 1, "function public.touch() does not exist"),
      (
        "INSERT INTO public.orders (id, customer) VALUES (7777, 1); INSERT INTO public.items VALUES (9, 9, 7777) "
          + "ON CONFLICT (id) DO UPDATE SET order_id = 7777", 3, "1 row violates table constraint items_order"
      ),
      ("DELETE FROM public.customers WHERE id = 3", 3, "10 rows violate foreign key orders_customer_fkey"),
      (
        "DROP VIEW public.open_orders CASCADE; DROP TABLE public.orders CASCADE; DROP TABLE public.customers CASCADE",
        1,
        "relation \"public.customers\" does not exist"
      ),
    ])
  func refused(live: String, status: Int32, reason: String) throws {
    let scene = try TableExchangeScene(live: live)
    let before = try scene.content()
    let result = try scene.exchange()
    #expect(result.status == status, "\(result.errorText)\(result.outputText)")
    #expect(result.errorText.contains(reason), "\(result.errorText)")
    #expect(try scene.content() == before)
    #expect(try scene.schemas().isEmpty)
  }

  @Test("what would be made without an error, and then mean or do something else, is refused")
  func changedMeaning() throws {
    let scene = try TableExchangeScene(
      extra: "CREATE TABLE public.names (id int PRIMARY KEY, what regclass); CREATE TABLE public.bare (id int);",
      live: "ALTER TABLE public.bare REPLICA IDENTITY FULL; CREATE PUBLICATION bare FOR TABLE public.bare")
    let naming = try scene.exchange(["public.names"])
    #expect(naming.status == 1, "\(naming.errorText)")
    #expect(naming.errorText.contains("column what of public.names names tables"), "\(naming.errorText)")
    let published = try scene.exchange(["public.bare"])
    #expect(published.status == 1, "\(published.errorText)")
    #expect(published.errorText.contains("has no replica identity"), "\(published.errorText)")
    #expect(try scene.schemas().isEmpty)
  }

  @Test("what no other backup would help with is refused as a mistake, and what is no table by its kind")
  func otherKinds() throws {
    let scene = try TableExchangeScene(
      extra: """
        CREATE TABLE public.parts (id int) PARTITION BY RANGE (id);
        CREATE TABLE public.part PARTITION OF public.parts FOR VALUES FROM (1) TO (2);
        CREATE MATERIALIZED VIEW public.sums AS SELECT sum(total) FROM public.orders;
        CREATE TABLE public.bad (id int); INSERT INTO public.bad VALUES (7); CREATE TABLE public.kept (what regclass);
        """,
      live: """
        DROP MATERIALIZED VIEW public.sums; INSERT INTO public.kept VALUES ('public.bad'), ('public.log');
        CREATE TABLE public.named (what oid DEFAULT 'public.log'::regclass)
        """)
    for (table, reason) in [
      ("public.part", "can't be restored alone"), ("public.parts", "can't be restored alone"),
      ("public.sums", "REFRESH MATERIALIZED VIEW public.sums fills it"),
    ] {
      let refused = try scene.exchange([table])
      #expect(refused.status == 2 && refused.errorText.contains(reason), "\(refused.errorText)")
    }
    let naming = try scene.exchange(["public.log"])
    #expect(naming.status == 1 && naming.errorText.contains("a default that names the table"), "\(naming.errorText)")
    let plan = try scene.exchange(["public.bad"], ["--plan"])
    #expect(plan.outputText.contains("values of column what of public.kept name the tables"), "\(plan.outputText)")
    // A row that the table refuses is named by the table's own name.
    try TestProcess.output(["sed", "-i", "s/^7$/seven/", scene.dump])
    let bad = try scene.exchange(["public.bad"])
    #expect(bad.status == 3 && bad.errorText.contains("COPY public.bad: "), "\(bad.errorText)")
    #expect(!bad.errorText.contains("recover_side"), "\(bad.errorText)")
    #expect(try scene.schemas().isEmpty)
  }

  @Test("the plan names keys, defaults and triggers that are otherwise in the backup")
  func differences() throws {
    let scene = try TableExchangeScene(
      live: """
        ALTER TABLE public.orders ADD CONSTRAINT of_log FOREIGN KEY (number) REFERENCES public.customers (id) NOT VALID,
          DISABLE TRIGGER touch, ALTER note SET DEFAULT 'x';
        """)
    let plan = try scene.exchange(["public.orders"], ["--plan"])
    #expect(plan.status == 0, "\(plan.errorText)")
    for line in [
      "constraint of_log is only in the live table", "trigger touch is disabled, in the backup enabled",
      "column note is text DEFAULT 'x'::text, in the backup text",
    ] {
      #expect(plan.outputText.contains(line), "\(plan.outputText)")
    }
  }

  @Test("names that are not in the backup, and options that mean nothing, are refused")
  func usage() throws {
    let scene = try TableExchangeScene()
    let unknown = try scene.exchange(["public.ordrs"])
    // No run was made of it.
    #expect(unknown.status == 2 && unknown.outputText == "", "\(unknown.outputText)")
    #expect(unknown.errorText.contains("did you mean `public.orders`?"), "\(unknown.errorText)")
    #expect(try scene.exchange(["public.orders"], ["--serve", "none", "--yes"]).status == 2)
    #expect(try scene.exchange(["public.orders"], ["--in-place", "--confirm", scene.lab.database]).status == 2)
    #expect(try scene.schemas().isEmpty)
  }

  @Test("the plan says what happens to everything that depends on the tables, and changes nothing")
  func plan() throws {
    let scene = try TableExchangeScene()
    let plan = try scene.exchange(["public.orders"], ["--plan"])
    #expect(plan.status == 0)
    for line in [
      "view public.open_orders gets its own definition again", "items_order on public.items is made anew",
      "publication pub publishes the new",
    ] {
      #expect(plan.outputText.contains(line), "\(plan.outputText)")
    }
    #expect(try scene.schemas().isEmpty)
  }
}

/// Kills the real binary at every point of an exchange of tables, and resumes it.
@Suite(.serialized)
struct TableExchangeCrashTests {
  @Test("a crash at any point of an exchange is resumed to the end of an unbroken one")
  func everyPoint() throws {
    let first = try TableExchangeScene(live: TableExchangeScene.damage)
    let unbroken = try first.exchange(["public.orders"], ["--yes", "--json"])
    #expect(unbroken.status == 0, "\(unbroken.errorText)")
    let content = try first.content()
    let inner = ["load.commit", "exchange.locked", "exchange.moved", "exchange.before-commit", "exchange.after-commit"]
    let points = CrashPointTests.points(of: unbroken).filter { point in
      ["step-intended", "before-step-succeeded"].contains { kind in
        ["prepare", "load", "exchange", "retire"].contains { point == "\(kind).\($0)" }
      }
    }
    #expect(points.count == 8)
    for point in points + inner {
      let scene = try TableExchangeScene(live: TableExchangeScene.damage)
      let crashed = try scene.exchange(environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      let resumed = try scene.lab.recover(["resume", "last"])
      #expect(resumed.status == 0, "\(point): \(resumed.errorText)\(resumed.outputText)")
      #expect(try scene.content() == content, "\(point)")
      #expect(try scene.schemas().count == 1, "\(point)")
    }
  }

  @Test("a crash at any point of the way back is resumed to the live tables as they were")
  func everyUndoPoint() throws {
    let points = [
      "step-undo-intended.exchange", "exchange.before-commit:2", "exchange.after-commit:2", "step-undone.exchange",
      "step-undo-intended.prepare",
    ]
    for point in points {
      let scene = try TableExchangeScene(hook: "rm -f HERE/healthy", live: TableExchangeScene.damage)
      let damaged = try scene.content()
      let crashed = try scene.exchange(environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      let resumed = try scene.lab.recover(["resume", "last"])
      #expect(resumed.status == 3, "\(point): \(resumed.errorText)\(resumed.outputText)")
      #expect(try scene.content() == damaged, "\(point)")
      #expect(try scene.schemas().count == 1, "\(point)")
    }
  }

  @Test("a load that is given up leaves nothing behind")
  func cancelled() throws {
    let scene = try TableExchangeScene(live: TableExchangeScene.damage)
    let damaged = try scene.content()
    let crashed = try scene.exchange(environment: ["RECOVER_CRASH_AT": "load.commit"])
    #expect(crashed.status == 137)
    // A backup that is taken meanwhile has nothing of it.
    let copy = "\(scene.lab.database)_copy"
    let restored = try scene.lab.recover(
      ["db", "--from", scene.lab.makeBackup(scene.lab.database), "--into", copy, "--yes"])
    #expect(restored.status == 0, "\(restored.errorText)")
    #expect(try scene.lab.content(of: copy) == damaged)
    let other = try scene.lab.recover(
      ["db", "--from", scene.dump, "--table", "public.items", "--yes"], state: "elsewhere")
    #expect(other.status == 6, "\(other.errorText)")
    let run = try #require(try scene.lab.recover(["runs"]).outputText.split(separator: "\n").dropFirst().first)
    let first = String(try #require(run.split(separator: " ").first))
    let cancelled = try scene.lab.recover(["cancel", first])
    #expect(cancelled.status == 3, "\(cancelled.errorText)\(cancelled.outputText)")
    #expect(try scene.content() == damaged)
    #expect(try scene.schemas().isEmpty)
  }
}
