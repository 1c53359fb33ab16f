import RecoverBase
import Testing

@testable import PostgresKit

@Suite("what of a dump stands before, among and behind its rows")
struct LoadLayoutTests {
  private static let copy = "COPY public.a (i) FROM stdin;\n1\n\\.\n"

  private func layout(_ dump: String) throws -> LoadLayout {
    try LoadLayout(try LoadBench.index(Array(dump.utf8)), rules: LoadRules())
  }

  @Test(
    "rows are what a connection can load by itself",
    arguments: [
      (copy, ["copy"]), ("INSERT INTO public.a VALUES (1);\nINSERT INTO public.a VALUES (2);\n", ["inserts"]),
      (copy + "SELECT pg_catalog.setval('public.s', 3, true);\n", ["copy", "setval"]),
      (copy + "SET default_tablespace = '';\n" + copy, ["copy", "session", "copy"]),
      (copy + "SET default_tablespace = '';\nCREATE INDEX i ON public.a (i);\n", ["copy", "session"]),
    ])
  func rows(dump: String, kinds: [String]) throws {
    let found = try layout("CREATE TABLE public.a (i int);\n" + dump).data.map { entry in
      switch entry.kind {
      case .copy: "copy"
      case .inserts: "inserts"
      case .largeObjects: "large objects"
      case .setval: "setval"
      case .session: "session"
      }
    }
    #expect(found == kinds)
  }

  @Test(
    "what stands behind the rows is known by its words, and what is not surely understood stays as it is",
    arguments: [
      ("CREATE INDEX i ON public.a USING btree (i);", "index i", true),
      ("CREATE INDEX i ON public.a USING btree (lower(t)) WHERE (i > 0);", "index i", true),
      ("CREATE INDEX CONCURRENTLY i ON public.a (i);", "other", false),
      ("ALTER TABLE ONLY public.a ADD CONSTRAINT k PRIMARY KEY (i);", "key k", true),
      ("ALTER TABLE ONLY public.a ADD CONSTRAINT k UNIQUE (i);", "key k", true),
      ("ALTER TABLE ONLY public.a ADD CONSTRAINT k EXCLUDE USING gist (i WITH =);", "constraint", true),
      ("ALTER TABLE ONLY public.a ADD CONSTRAINT k FOREIGN KEY (i) REFERENCES public.b(i);", "foreign key k", true),
      ("ALTER TABLE ONLY public.a ADD CONSTRAINT k FOREIGN KEY (i) REFERENCES public.b(i) NOT VALID;", "other", true),
      ("ALTER TABLE public.a CLUSTER ON i;", "cluster", true),
      ("ALTER TABLE ONLY public.a REPLICA IDENTITY FULL;", "other", true),
      ("ALTER TABLE public.a ENABLE ROW LEVEL SECURITY;", "other", true),
      ("ALTER TABLE public.a ADD COLUMN j int;", "other", false),
      ("CREATE TRIGGER t BEFORE INSERT ON public.a FOR EACH ROW EXECUTE FUNCTION public.f();", "other", true),
      ("CREATE FUNCTION public.g() RETURNS int LANGUAGE sql AS 'SELECT 1';", "other", false),
      ("REFRESH MATERIALIZED VIEW public.m;", "other", false),
    ])
  func later(statement: String, kind: String, isInert: Bool) throws {
    let layout = try layout(
      "CREATE TABLE public.a (i int);\n\(Self.copy)\(statement)\nCREATE INDEX last ON public.a (i);\n")
    let first = try #require(layout.later.first)
    let found =
      switch first.kind {
      case .index(let index): "index \(index.name)"
      case .key(let key): "key \(key.name.name)"
      case .constraint: "constraint"
      case .foreignKey(let key): "foreign key \(key.name)"
      case .clusterOn: "cluster"
      case .session: "session"
      case .other: "other"
      }
    #expect(found == kind)
    // An index may come before what it can't need.
    #expect(layout.later.last?.mayComeEarly == isInert)
    #expect((layout.constraintsEndOffset != nil) == kind.hasPrefix("foreign"))
  }

  @Test(
    "what belongs to one connection, or stands among the rows, is refused with its line",
    arguments: [
      ("BEGIN;\n" + copy + "COMMIT;\n", "line 2: it has a transaction of its own"),
      ("CREATE TEMP TABLE t (i int);\n" + copy, "line 2: it makes a temporary object"),
      ("\\encoding LATIN1\n" + copy, "line 2: \\encoding is in its way"),
      (copy + "CREATE TABLE public.b ();\n" + copy, "line 5: a statement stands among the rows"),
      ("CREATE TABLE public.b ();\n", "it holds no rows"),
    ])
  func refused(dump: String, reason: String) throws {
    #expect(throws: LoadLayout.Refusal(reason: reason)) {
      try layout("CREATE TABLE public.a (i int);\n" + dump)
    }
  }
}
