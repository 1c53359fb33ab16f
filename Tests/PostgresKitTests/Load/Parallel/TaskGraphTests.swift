import RecoverBase
import Testing

@testable import PostgresKit

@Suite("the tasks of a load over several connections")
struct TaskGraphTests {
  /// Two tables with 60 rows each, in small chunks, and what comes behind them.
  private static func graph(
    _ later: String = "", smallBytes: Int64 = 0, changing change: (inout TableFacts) -> Void = { _ in }
  ) throws -> TaskGraph {
    func rows(_ table: String) -> String {
      "COPY public.\(table) (i, t) FROM stdin;\n" + (100..<160).map { "\($0)\tsome text\n" }.joined() + "\\.\n"
    }
    let dump =
      "CREATE TABLE public.a (i int, t text);\nCREATE TABLE public.b (i int, t text);\n"
      + rows("a") + rows("b") + later
    let layout = try LoadLayout(try LoadBench.index(Array(dump.utf8), chunkBytes: 100), rules: LoadRules())
    var catalog = TableCatalog()
    for (name, oid) in [("a", UInt32(1)), ("b", 2)] {
      catalog.oids[TableCatalog.Key(SQLName(schema: "public", name), SessionState())] = oid
      var facts = TableFacts(
        oid: oid, kind: "r", root: oid, isPartition: false, drawnColumns: [], asksFunctions: false)
      if name == "a" { change(&facts) }
      catalog.facts[oid] = facts
    }
    return TaskGraph(layout, catalog, sizes: TaskGraph.Sizes(partBytes: 200, smallBytes: smallBytes))
  }

  private static func tasks(_ graph: TaskGraph, _ title: String) -> [Int] {
    graph.build.indices.filter { graph.build[$0].title == title }
  }

  private static func barrier(_ graph: TaskGraph) -> Int? {
    graph.build.firstIndex { if case .barrier = $0.work { true } else { false } }
  }

  @Test("rows of one table are cut into parts that need nothing, and a barrier waits for all")
  func rows() throws {
    let graph = try Self.graph()
    let (a, b) = (Self.tasks(graph, "COPY public.a"), Self.tasks(graph, "COPY public.b"))
    #expect(a.count > 1 && b.count > 1)
    #expect((a + b).allSatisfy { graph.build[$0].needs.isEmpty && graph.build[$0].locks.first?.mode == .rowExclusive })
    let barrier = try #require(Self.barrier(graph))
    #expect(graph.build[barrier].needs.sorted() == a + b)
    #expect(graph.edits.isEmpty && graph.validations.isEmpty)
  }

  @Test(
    "rows whose order on disk matters keep it",
    arguments: ["CREATE INDEX i ON public.a USING brin (i);\n", "ALTER TABLE public.a CLUSTER ON a_pkey;\n"])
  func inOrder(later: String) throws {
    let graph = try Self.graph(later)
    let a = Self.tasks(graph, "COPY public.a")
    #expect(a.count > 1)
    for (task, before) in zip(a.dropFirst(), a) { #expect(graph.build[task].needs == [before]) }
    #expect(Self.tasks(graph, "COPY public.b").allSatisfy { graph.build[$0].needs.isEmpty })
  }

  @Test("a table whose checks ask functions waits for the rows before it")
  func asking() throws {
    let graph = try Self.graph { $0.asksFunctions = true }
    // It stands first, so that nothing is before it but its own rows, which keep their order.
    let a = Self.tasks(graph, "COPY public.a")
    for (task, before) in zip(a.dropFirst(), a) { #expect(graph.build[task].needs.contains(before)) }
  }

  @Test("an index waits for its table's rows alone, one with an expression for all of them")
  func indexes() throws {
    let graph = try Self.graph(
      """
      CREATE INDEX plain ON public.a USING btree (i);
      CREATE INDEX lower ON public.a USING btree (lower(t));
      ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (i);
      ALTER TABLE ONLY public.b ADD CONSTRAINT b_a FOREIGN KEY (i) REFERENCES public.a(i);

      """)
    let a = Self.tasks(graph, "COPY public.a")
    for title in ["CREATE INDEX plain", "CREATE INDEX a_pkey"] {
      let task = try #require(Self.tasks(graph, title).first)
      #expect(graph.build[task].needs == a, "\(title)")
      #expect(graph.build[task].locks == [TableLock(table: 1, mode: .share)], "\(title)")
    }
    let lower = try #require(Self.tasks(graph, "CREATE INDEX lower").first)
    #expect(graph.build[lower].needs == [try #require(Self.barrier(graph))])
    #expect(graph.validations.map(\.title) == ["VALIDATE CONSTRAINT b_a"])
    #expect(graph.validations.first?.locks == [TableLock(table: 2, mode: .shareUpdateExclusive)])
    // Two are passed over where they stand, a key and a foreign key become their second halves.
    #expect(graph.edits.count == 4)
    #expect(graph.edits.values.count { $0 == .passOver } == 2)
  }

  @Test("what belongs to a partitioned table, or comes behind what an index may need, is left where it stands")
  func leftAlone() throws {
    let index = "CREATE INDEX plain ON public.a USING btree (i);\n"
    let partitioned = try Self.graph(index) { $0.kind = "p" }
    #expect(Self.tasks(partitioned, "CREATE INDEX plain").isEmpty && partitioned.edits.isEmpty)
    let behind = try Self.graph("CREATE FUNCTION public.g() RETURNS int LANGUAGE sql AS 'SELECT 1';\n" + index)
    #expect(Self.tasks(behind, "CREATE INDEX plain").isEmpty && behind.edits.isEmpty)
    let partition = try Self.graph(
      "ALTER TABLE ONLY public.a ADD CONSTRAINT f FOREIGN KEY (i) REFERENCES public.b(i);\n"
    ) { $0.isPartition = true }
    #expect(partition.validations.isEmpty && partition.edits.isEmpty)
  }

  @Test("small tables share their transactions, for rows and for indexes")
  func small() throws {
    let graph = try Self.graph(
      """
      CREATE INDEX plain ON public.a USING btree (i);
      CREATE INDEX other ON public.b USING btree (i);

      """, smallBytes: 100_000)
    #expect(Self.tasks(graph, "indexes of 2 small tables").count == 1)
    #expect(Self.tasks(graph, "CREATE INDEX plain").isEmpty)
    #expect(graph.edits.values.allSatisfy { $0 == .passOver })
  }

  @Test(
    "what makes the order of the rows matter is named",
    arguments: [
      ("trigger", "line 3: table public.a has the trigger x before its rows"),
      ("foreign key", "line 3: table public.a has the foreign key x before its rows"),
      ("rule", "line 3: table public.a has the rule x before its rows"),
      ("kind", "line 3: table public.a is no ordinary table"), ("", nil),
    ])
  func obstacles(what: String, reason: String?) throws {
    let dump = "CREATE TABLE public.a (i int);\n\nCOPY public.a (i) FROM stdin;\n1\n\\.\n"
    let layout = try LoadLayout(try LoadBench.index(Array(dump.utf8)), rules: LoadRules())
    var catalog = TableCatalog()
    catalog.oids[TableCatalog.Key(SQLName(schema: "public", "a"), SessionState())] = 1
    var facts = TableFacts(oid: 1, kind: "r", root: 1, isPartition: false, drawnColumns: [], asksFunctions: false)
    switch what {
    case "trigger": facts.trigger = "x"
    case "foreign key": facts.foreignKey = "x"
    case "rule": facts.rule = "x"
    case "kind": facts.kind = "v"
    default: break
    }
    catalog.facts[1] = facts
    #expect(TaskGraph.obstacle(layout, catalog) == reason)
  }

  @Test(
    "INSERTs leave nothing to a sequence where they name its column and say DEFAULT nowhere",
    arguments: [
      ("INSERT INTO public.a (i, t) VALUES (1, 'x');\nINSERT INTO public.a (i, t) VALUES (2, 'y');", false),
      ("INSERT INTO public.a (\"i\", t) OVERRIDING SYSTEM VALUE VALUES (1, 'x'), (2, 'y');", false),
      ("INSERT INTO public.a VALUES (1, 'x');", true), ("INSERT INTO public.a (t) VALUES ('x');", true),
      ("INSERT INTO public.a (i, t) VALUES (1, 'x');\nINSERT INTO public.a (i, t) VALUES (Default, 'y');", true),
      ("INSERT INTO public.a (i, t) VALUES (DEFAULT, 'x');", true),
      ("INSERT INTO public.a (i, t) VALUES (1, 'x');\nINSERT INTO public.a (t) VALUES ('y');", true),
    ])
  func insertedColumns(_ inserts: String, _ isObstacle: Bool) throws {
    let dump = "CREATE TABLE public.a (i serial, t text);\n\n\(inserts)\n"
    let index = try LoadBench.index(Array(dump.utf8))
    var writer = ByteWriter()
    index.write(to: &writer)
    var reader = ByteReader(writer.bytes)
    #expect(try DumpIndex(from: &reader) == index)
    let layout = try LoadLayout(index, rules: LoadRules())
    var catalog = TableCatalog()
    catalog.oids[TableCatalog.Key(SQLName(schema: "public", "a"), SessionState())] = 1
    catalog.facts[1] = TableFacts(
      oid: 1, kind: "r", root: 1, isPartition: false, drawnColumns: ["i"], asksFunctions: false)
    let reason = TaskGraph.obstacle(layout, catalog)
    #expect((reason != nil) == isObstacle, "\(String(describing: reason))")
  }
}
