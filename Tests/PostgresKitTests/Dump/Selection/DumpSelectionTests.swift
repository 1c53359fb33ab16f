internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("selection of a dump")
struct DumpSelectionTests {
  private static let shop =
    SelectionWorld.front + """
      CREATE SCHEMA sales;
      CREATE EXTENSION hstore WITH SCHEMA public;
      CREATE TYPE public.mood AS ENUM ('sad');
      CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM * FROM public.audit; END$$;
      CREATE FUNCTION public.last(public.audit) RETURNS integer LANGUAGE sql AS $_$SELECT 1$_$;
      ALTER FUNCTION public.last(public.audit) OWNER TO joe;
      CREATE FUNCTION public.last(n integer DEFAULT 5) RETURNS integer LANGUAGE sql AS $_$SELECT 1$_$;
      ALTER FUNCTION public.last(n integer) OWNER TO joe;
      CREATE FUNCTION public.newest() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT audit.id FROM public.audit; END;
      COMMENT ON FUNCTION public.newest() IS 'x';
      CREATE SEQUENCE public.free;
      CREATE TABLE public.customers (id integer NOT NULL);
      CREATE TABLE public.orders (id integer NOT NULL, customer integer, mood public.mood);
      ALTER TABLE public.orders OWNER TO joe;
      COMMENT ON COLUMN public.orders.id IS 'the id';
      CREATE SEQUENCE public.orders_id_seq;
      ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;
      CREATE TABLE public.audit (id integer NOT NULL);
      ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
          SEQUENCE NAME public.audit_id_seq
          START WITH 1
      );
      CREATE TABLE sales.regions (id integer);
      CREATE VIEW public.big AS SELECT orders.id FROM public.orders;
      CREATE VIEW public.both AS SELECT o.id FROM (public.orders o JOIN public.customers c ON ((c.id = o.customer)));
      ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
      COPY public.customers (id) FROM stdin;
      1
      2
      \\.


      COPY public.orders (id, customer, mood) FROM stdin;
      1\t1\tsad
      \\.


      COPY public.audit (id) FROM stdin;
      1
      \\.


      COPY sales.regions (id) FROM stdin;
      \\.


      SELECT pg_catalog.setval('public.orders_id_seq', 1, true);
      SELECT pg_catalog.setval('public.audit_id_seq', 1, true);
      SELECT pg_catalog.setval('public.free', 1, true);
      ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
      ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
      COMMENT ON CONSTRAINT orders_pkey ON public.orders IS 'key';
      CREATE INDEX orders_customer ON public.orders USING btree (customer);
      CREATE INDEX orders_newest ON public.orders USING btree ((id + public.newest()));
      ALTER TABLE ONLY public.orders CLUSTER ON orders_customer;
      CREATE STATISTICS public.orders_stats ON id, customer FROM public.orders;
      CREATE TRIGGER touch BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();
      CREATE TRIGGER touch BEFORE UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.touch();
      ALTER TABLE public.orders DISABLE TRIGGER touch;
      ALTER TABLE ONLY public.orders
          ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id);
      COMMENT ON CONSTRAINT orders_customer_fkey ON public.orders IS 'fk';
      CREATE POLICY mine ON public.orders USING ((id IN ( SELECT audit.id FROM public.audit)));
      ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
      CREATE PUBLICATION all_tables FOR ALL TABLES;
      GRANT SELECT ON TABLE public.orders TO joe;
      GRANT SELECT ON TABLE public.customers TO joe;
      GRANT ALL ON FUNCTION public.newest() TO joe;

      --
      -- PostgreSQL database dump complete
      --

      """

  @Test("a table comes with all that belongs to it, and what it needs, and nothing of the others")
  func oneTable() throws {
    let world = try SelectionWorld(Self.shop)
    let selected = try world.select("orders")
    let text = world.text(selected)
    for kept in [
      "CREATE SCHEMA sales", "CREATE EXTENSION", "CREATE TYPE public.mood", "CREATE FUNCTION public.touch()",
      "CREATE FUNCTION public.last(n integer", "ALTER FUNCTION public.last(n integer)", "CREATE TABLE public.orders ",
      "ALTER TABLE public.orders OWNER", "COMMENT ON COLUMN public.orders.id", "CREATE SEQUENCE public.orders_id_seq",
      "OWNED BY public.orders.id", "SET DEFAULT nextval", "COPY public.orders ", "setval('public.orders_id_seq'",
      "setval('public.free'", "orders_pkey PRIMARY KEY", "COMMENT ON CONSTRAINT orders_pkey",
      "CREATE INDEX orders_customer ", "CLUSTER ON orders_customer", "CREATE STATISTICS",
      "BEFORE UPDATE ON public.orders",
      "DISABLE TRIGGER touch", "ENABLE ROW LEVEL SECURITY", "GRANT SELECT ON TABLE public.orders",
    ] { #expect(text.contains(kept), "\(kept) is not kept") }
    for dropped in [
      "public.customers", "sales.regions", "CREATE TABLE public.audit", "last(public.audit)", "public.newest",
      "CREATE VIEW", "orders_customer_fkey", "CREATE POLICY", "PUBLICATION", "audit_id_seq",
      "BEFORE UPDATE ON public.audit",
    ] { #expect(!text.contains(dropped), "\(dropped) is kept") }
    #expect(
      selected.relations.map(\.name.description) == ["public.free", "public.orders", "public.orders_id_seq"])
    #expect(selected.tables.map(\.rows) == [1])
    #expect(selected.notSelected == [.table: 3, .view: 2])
  }

  @Test("what a table loses is listed with the reason")
  func leftOut() throws {
    let selected = try SelectionWorld(Self.shop).select("public.orders")
    #expect(
      selected.leftOut.map { "\($0.what): \($0.why)" } == [
        "function public.last: it needs public.audit, which is not restored",
        "function public.newest: it needs public.audit, which is not restored",
        "index orders_newest of public.orders: it needs function public.newest, which is not restored",
        "foreign key orders_customer_fkey of public.orders: it needs public.customers, which is not restored",
        "policy mine of public.orders: it needs public.audit, which is not restored",
        "publication all_tables: it is about a whole database",
      ])
  }

  @Test("foreign keys, views and policies between tables that are all selected are kept")
  func together() throws {
    let world = try SelectionWorld(Self.shop)
    let selected = try world.select(schemas: ["public"])
    let text = world.text(selected)
    for kept in ["orders_customer_fkey FOREIGN KEY", "'fk'", "CREATE VIEW public.both", "CREATE POLICY mine", "newest"]
    {
      #expect(text.contains(kept), "\(kept) is not kept")
    }
    #expect(!text.contains("sales.regions"))
    #expect(selected.leftOut.map(\.what) == ["publication all_tables"])
  }

  /// What a dump has that somebody takes while tables are exchanged.
  private static let exchange =
    SelectionWorld.front + """
      CREATE SCHEMA recover_ledger;
      GRANT USAGE ON SCHEMA recover_ledger TO PUBLIC;
      CREATE SCHEMA recover_side_01ng9r78bts3;
      COMMENT ON SCHEMA recover_side_01ng9r78bts3 IS 'x';
      CREATE TABLE public.orders (id integer);
      CREATE TABLE public.notes (id integer);
      CREATE TABLE recover_side_01ng9r78bts3.orders (id integer);
      CREATE TABLE recover_ledger.progress (sequence bigint);
      COPY public.orders (id) FROM stdin;
      1
      \\.


      COPY recover_ledger.progress (sequence) FROM stdin;
      1
      \\.


      GRANT SELECT ON TABLE recover_ledger.progress TO PUBLIC;
      --
      -- PostgreSQL database dump complete
      --

      """

  @Test("what recover itself makes in a database comes along where it is named, and not otherwise")
  func ownSchemas() throws {
    let world = try SelectionWorld(Self.exchange)
    for selected in [
      try world.select("orders"), try world.select(schemas: ["public"]), try world.select(without: ["notes"]),
    ] {
      #expect(!world.text(selected).contains("recover_"))
      #expect(selected.tables.contains { $0.name.description == "public.orders" })
    }
    let named = world.text(try world.select("recover_side_01ng9r78bts3.orders"))
    #expect(named.contains("CREATE SCHEMA recover_side_") && !named.contains("recover_ledger"))
  }

  @Test("everything but what is excluded is restored where nothing else is asked for")
  func excluded() throws {
    let world = try SelectionWorld(Self.shop)
    let text = world.text(try world.select(without: ["audit"]))
    #expect(text.contains("COPY sales.regions"))
    #expect(text.contains("CREATE VIEW public.both"))
    #expect(!text.contains("COPY public.audit"))
    #expect(!text.contains("audit_id_seq"))
  }

  @Test("a view that is named can't be restored without what it reads")
  func namedView() throws {
    let world = try SelectionWorld(Self.shop)
    let error = #expect(throws: RecoverError.self) { try world.select("public.both") }
    #expect(error?.code == .usage)
    #expect(error?.message.contains("public.customers") == true)
    #expect(world.text(try world.select("public.big", "orders")).contains("CREATE VIEW public.big"))
  }

  @Test(
    "a pattern that matches nothing is refused, with the nearest name",
    arguments: [
      (["ordrs"], [], [], "did you mean `public.orders`?"), ([], ["sale"], [], "did you mean `sales`?"),
      (["orders"], [], ["audti"], "did you mean `public.audit`?"),
    ])
  func nothingMatches(_ tables: [String], _ schemas: [String], _ excluded: [String], _ hint: String) throws {
    let world = try SelectionWorld(Self.shop)
    let selection = try DumpSelection(tables: tables, schemas: schemas, excludedTables: excluded)
    let error = #expect(throws: RecoverError.self) {
      try selection.select(in: world.scan.index, database: nil, named: "x.sql", read: world.read)
    }
    #expect(error?.code == .usage)
    #expect(error?.hint == hint)
  }

  @Test("the index and the survey of the part are those of reading it")
  func part() throws {
    let world = try SelectionWorld(Self.shop)
    let selected = try world.select("orders", "audit")
    let part = try world.part(selected)
    let again = try SelectionWorld(world.text(selected))
    #expect(part.index.entries == again.scan.index.entries)
    #expect(part.index.byteCount == again.scan.index.byteCount)
    var read = again.scan.survey
    #expect(part.survey.digest == part.index.digest)
    #expect(part.index.digest != world.scan.index.digest)
    #expect(part.survey.completeness == .complete)
    (read.digest, read.completeness, read.origin) = (part.survey.digest, .complete, part.survey.origin)
    #expect(part.survey == read)
  }

  @Test("statements whose text the index has not kept are read, and the result is the same")
  func withoutTexts() throws {
    let full = try SelectionWorld(Self.shop)
    let bare = try SelectionWorld(Self.shop, statementTextBytes: 0)
    #expect(full.scan.index.entries != bare.scan.index.entries)
    #expect(try full.text(full.select("orders")) == bare.text(bare.select("orders")))
    #expect(try full.part(full.select("orders")).survey == bare.part(bare.select("orders")).survey)
  }
}
