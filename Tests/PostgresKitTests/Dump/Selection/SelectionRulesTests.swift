internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("selection of a dump, rule by rule")
struct SelectionRulesTests {
  private func world(_ sql: String) throws -> SelectionWorld { try SelectionWorld(SelectionWorld.front + sql) }

  private static let partitioned = """
    CREATE TABLE public.log (at date, who integer) PARTITION BY RANGE (at);
    CREATE TABLE public.log_1 (at date, who integer);
    CREATE TABLE public.log_2 (at date, who integer);
    ALTER TABLE ONLY public.log ATTACH PARTITION public.log_1 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    ALTER TABLE ONLY public.log ATTACH PARTITION public.log_2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    COPY public.log_1 (at, who) FROM stdin;
    \\.


    COPY public.log_2 (at, who) FROM stdin;
    \\.


    CREATE INDEX log_at ON ONLY public.log USING btree (at);
    CREATE INDEX log_1_at ON public.log_1 USING btree (at);
    CREATE INDEX log_2_at ON public.log_2 USING btree (at);
    ALTER INDEX public.log_at ATTACH PARTITION public.log_1_at;
    ALTER INDEX public.log_at ATTACH PARTITION public.log_2_at;

    """

  @Test("a partitioned table comes with its partitions and their places")
  func partitionedTable() throws {
    let world = try world(Self.partitioned)
    let selected = try world.select("log")
    #expect(selected.relations.map(\.name.name) == ["log", "log_1", "log_2"])
    #expect(world.text(selected) == String(decoding: world.bytes, as: UTF8.self))
    #expect(selected.relations.map(\.parent?.name) == [nil, "log", "log"])
  }

  @Test("a partition alone becomes a table of its own, and that is said")
  func partition() throws {
    let world = try world(Self.partitioned)
    let selected = try world.select("log_2")
    let text = world.text(selected)
    #expect(text.contains("CREATE INDEX log_2_at"))
    #expect(!text.contains("ATTACH"))
    #expect(selected.leftOut.map(\.what) == ["the place of public.log_2 as a partition"])
  }

  @Test("a partition that is excluded is left out of its table")
  func excludedPartition() throws {
    let world = try world(Self.partitioned)
    let selected = try world.select("log", without: ["log_1"])
    let text = world.text(selected)
    #expect(text.contains("ATTACH PARTITION public.log_2 FOR"))
    #expect(!text.contains("log_1"))
    #expect(selected.leftOut.first?.what == "partition public.log_1 of public.log")
  }

  @Test("of a parent that a table inherits from, only the definition is restored")
  func inheritance() throws {
    let world = try world(
      """
      CREATE TABLE public.base (id integer);
      CREATE TABLE public.child (extra text)
      INHERITS (public.base);
      COPY public.base (id) FROM stdin;
      1
      \\.


      COPY public.child (id, extra) FROM stdin;
      2\ta
      \\.


      ALTER TABLE ONLY public.base ADD CONSTRAINT base_pkey PRIMARY KEY (id);
      ALTER TABLE ONLY public.child ADD CONSTRAINT up FOREIGN KEY (id) REFERENCES public.base(id);

      """)
    let selected = try world.select("child")
    let text = world.text(selected)
    #expect(text.contains("CREATE TABLE public.base"))
    #expect(text.contains("base_pkey"))
    #expect(!text.contains("COPY public.base"))
    #expect(!text.contains("CONSTRAINT up"))
    #expect(selected.relations.filter(\.isEmptied).map(\.name.name) == ["base"])
    #expect(
      selected.leftOut.map { "\($0.what): \($0.why)" } == [
        "the rows of public.base: only its definition is needed by what is restored",
        "foreign key up of public.child: the rows of public.base are not restored",
      ])
  }

  @Test("a materialized view of a table whose rows are not restored is left out")
  func emptied() throws {
    let world = try world(
      """
      CREATE TABLE public.base (id integer);
      CREATE TABLE public.child (extra text)
      INHERITS (public.base);
      CREATE MATERIALIZED VIEW public.counted AS SELECT count(*) AS count FROM public.base WITH NO DATA;
      COPY public.base (id) FROM stdin;
      1
      \\.


      REFRESH MATERIALIZED VIEW public.counted;

      """)
    let selected = try world.select("*", without: ["base"])
    #expect(!world.text(selected).contains("counted"))
    #expect(selected.leftOut.contains { $0.what.contains("counted") && $0.why.contains("rows of public.base") })
  }

  @Test("what a table's definition needs is restored, however far away")
  func needs() throws {
    let world = try world(
      """
      CREATE TABLE public.origin (id integer);
      CREATE TYPE public.pair AS (a integer, b public.origin);
      CREATE FUNCTION public.good(public.origin) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE TABLE public.t (p public.pair, CONSTRAINT ok CHECK (public.good((p).b)));
      COPY public.origin (id) FROM stdin;
      1
      \\.


      """)
    let selected = try world.select("t")
    #expect(selected.relations.map { "\($0.name.name) \($0.isEmptied)" } == ["origin true", "t false"])
    #expect(world.text(selected).contains("CREATE FUNCTION public.good"))
  }

  @Test("a sequence that another table's default draws from is restored without its owner")
  func foreignSequence() throws {
    let world = try world(
      """
      CREATE TABLE public.a (id integer);
      CREATE SEQUENCE public.a_id_seq;
      ALTER SEQUENCE public.a_id_seq OWNED BY public.a.id;
      CREATE TABLE public.b (id integer);
      ALTER TABLE ONLY public.b ALTER COLUMN id SET DEFAULT nextval('public.a_id_seq'::regclass);
      SELECT pg_catalog.setval('public.a_id_seq', 7, true);

      """)
    let selected = try world.select("b")
    let text = world.text(selected)
    #expect(text.contains("SET DEFAULT nextval"))
    #expect(text.contains("setval"))
    #expect(!text.contains("OWNED BY"))
    #expect(selected.leftOut.map(\.what) == ["the owner of sequence public.a_id_seq"])
  }

  @Test("of a dump of several databases only one is looked at")
  func cluster() throws {
    let world = try SelectionWorld(
      """
      --
      -- PostgreSQL database cluster dump
      --
      CREATE ROLE joe;
      \\connect one
      SELECT pg_catalog.set_config('search_path', '', false);
      CREATE TABLE public.t (a integer);
      CREATE TABLE public.only_one (a integer);
      CREATE DATABASE two;
      \\connect two
      SELECT pg_catalog.set_config('search_path', '', false);
      CREATE TABLE public.t (b integer);

      """)
    let selected = try world.select("t", database: "two")
    #expect(
      world.text(selected).split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "|")
        == "\\connect one|CREATE DATABASE two;|\\connect two|SELECT pg_catalog.set_config('search_path', '', false);|"
        + "CREATE TABLE public.t (b integer);")
    #expect(throws: RecoverError.self) { try world.select("only_one", database: "two") }
    let part = try world.part(selected)
    #expect(part.survey.connectedDatabases == ["one", "two"])
    #expect(part.survey.content(of: "two").flatMap(\.objects).map(\.name.name) == ["t"])
  }

  @Test("names without a schema are found where the dump searches one schema")
  func searchPath() throws {
    let world = try SelectionWorld(
      """
      SET search_path = public, pg_catalog;
      CREATE TABLE a (id integer, b integer);
      CREATE TABLE b (id integer);
      CREATE VIEW v AS SELECT a.id FROM a;
      CREATE VIEW w AS SELECT b.id FROM b;
      INSERT INTO a VALUES (1, 2);
      INSERT INTO b VALUES (1);
      CREATE INDEX a_id ON a USING btree (id);
      ALTER TABLE ONLY a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b(id);
      SET search_path = other, pg_catalog;
      CREATE TABLE a (id integer);

      """)
    let selected = try world.select("public.a", "v")
    let text = world.text(selected)
    #expect(selected.relations.map(\.name.description) == ["public.a", "public.v"])
    #expect(text.contains("INSERT INTO a"))
    #expect(text.contains("CREATE VIEW v"))
    #expect(!text.contains("INTO b"))
    #expect(!text.contains("FOREIGN KEY"))
    #expect(text.ranges(of: "CREATE TABLE a").count == 1)
  }

  @Test("foreign servers and passwords are restored for foreign tables alone")
  func foreignServers() throws {
    let world = try world(
      """
      CREATE FOREIGN DATA WRAPPER w;
      CREATE SERVER s FOREIGN DATA WRAPPER w;
      CREATE USER MAPPING FOR joe SERVER s OPTIONS (password 'x');
      CREATE FOREIGN TABLE public.f (a integer) SERVER s;
      CREATE TABLE public.t (a integer);

      """)
    #expect(!world.text(try world.select("t")).contains("SERVER"))
    #expect(world.text(try world.select("f")).contains("USER MAPPING"))
  }

  @Test("large objects, event triggers and subscriptions belong to no table")
  func wholeDatabase() throws {
    let world = try world(
      """
      CREATE TABLE public.t (a integer);
      SELECT pg_catalog.lo_create('16');
      BEGIN;
      SELECT pg_catalog.lo_open('16', 131072);
      SELECT pg_catalog.lowrite(0, '\\x00');
      SELECT pg_catalog.lo_close(0);
      COMMIT;
      CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f();
      CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false);

      """)
    let selected = try world.select("t")
    #expect(selected.leftOut.map(\.what) == ["event trigger e", "subscription s", "large objects (6 statements)"])
  }
}
