import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("moved names")
struct NameRewritingTests {
  private static let names: MovedNames = {
    var names = MovedNames()
    for name in [
      SQLName(schema: "public", "orders"), SQLName(schema: "public", "orders_id_seq"),
      SQLName(schema: "Odd \"Schema\"", "Order.s"), SQLName(schema: "public", "it's"),
    ] { names[name] = "beside" }
    return names
  }()

  private func rewritten(_ sql: String, syntax: SQLSyntax = SQLSyntax()) -> String {
    "\(Self.names.rewriting(Array(sql.utf8).span, syntax: syntax).text)"
  }

  @Test(
    "a table, its sequences and indexes get the other schema wherever they are named",
    arguments: [
      (
        "CREATE TABLE public.orders (\n    id bigint DEFAULT nextval('public.orders_id_seq'::regclass)\n);",
        "CREATE TABLE \"beside\".orders (\n    id bigint DEFAULT nextval('\"beside\".\"orders_id_seq\"'::regclass)\n);"
      ),
      (
        "SELECT pg_catalog.setval('public.orders_id_seq', 42, true);",
        "SELECT pg_catalog.setval('\"beside\".\"orders_id_seq\"', 42, true);"
      ),
      (
        "ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;",
        "ALTER SEQUENCE \"beside\".orders_id_seq OWNED BY \"beside\".orders.id;"
      ),
      (
        "ALTER TABLE public.orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public.orders_id_seq);",
        "ALTER TABLE \"beside\".orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY "
          + "(SEQUENCE NAME \"beside\".orders_id_seq);"
      ),
      (
        "CREATE INDEX i ON PUBLIC.Orders USING btree (public.f(a)) WHERE (b = 'public.orders'::text);",
        "CREATE INDEX i ON \"beside\".Orders USING btree (public.f(a)) WHERE (b = 'public.orders'::text);"
      ),
      (
        #"COMMENT ON COLUMN "Odd ""Schema"""."Order.s".a IS 'of public.orders';"#,
        #"COMMENT ON COLUMN "beside"."Order.s".a IS 'of public.orders';"#
      ),
      (
        "ALTER TABLE ONLY public.orders ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES public.orders(id);",
        "ALTER TABLE ONLY \"beside\".orders ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES \"beside\".orders(id);"
      ),
      (
        "CREATE RULE r AS ON DELETE TO public.orders DO ALSO (DELETE FROM public.log; DELETE FROM public.orders);",
        "CREATE RULE r AS ON DELETE TO \"beside\".orders DO ALSO (DELETE FROM public.log; DELETE FROM \"beside\".orders);"
      ),
      (
        "GRANT SELECT(a) ON TABLE public.orders TO public;", "GRANT SELECT(a) ON TABLE \"beside\".orders TO public;"
      ),
      (
        #"ALTER TABLE t ALTER a SET DEFAULT nextval('public."it''s"'::pg_catalog.regclass);"#,
        #"ALTER TABLE t ALTER a SET DEFAULT nextval('"beside"."it''s"'::pg_catalog.regclass);"#
      ),
    ])
  func moved(sql: String, expected: String) { #expect(rewritten(sql) == expected) }

  @Test(
    "what is no name of a moved relation stays byte for byte",
    arguments: [
      "CREATE TRIGGER t BEFORE INSERT ON public.log EXECUTE FUNCTION public.f('public.orders');",
      "ALTER TABLE public.log ALTER a SET DEFAULT nextval(('public.orders_id_seq'::text)::regclass);",
      "CREATE VIEW v AS SELECT x.public.orders, a.orders, \"PUBLIC\".orders FROM a;",
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1 FROM public.orders$$;",
      "/* public.orders */ SELECT 1; -- public.orders",
      "ALTER TABLE public.orders_archive ADD CHECK (public.orders_total > 0);",
      "SELECT 'public.orders', E'public.orders', 'public.orders'::text;",
    ])
  func kept(sql: String) {
    #expect(rewritten(sql) == sql)
    #expect(Self.names.rewriting(Array(sql.utf8).span, syntax: SQLSyntax()).count == 0)
  }

  @Test("of a statement with rows only the name in front is touched")
  func rows() {
    let sql = "INSERT INTO public.orders VALUES (1, 'public.orders'::regclass);"
    let made = Self.names.rewriting(Array(sql.utf8).span, syntax: SQLSyntax(), isFirstOnly: true)
    #expect("\(made.text)" == "INSERT INTO \"beside\".orders VALUES (1, 'public.orders'::regclass);")
  }

  @Test("bytes of another encoding come through unchanged")
  func encoding() {
    let sql = Array("COMMENT ON TABLE public.orders IS '".utf8) + [0xe4, 0xf6] + Array("';".utf8)
    let made = Self.names.rewriting(sql.span, syntax: SQLSyntax(clientEncoding: "LATIN1"))
    #expect(
      made.text.bytes == Array("COMMENT ON TABLE \"beside\".orders IS '".utf8) + [0xe4, 0xf6] + Array("';".utf8))
  }
}
