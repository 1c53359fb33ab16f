import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("what of a dump is loaded beside live tables")
struct StagingRulesTests {
  private static let rules: StagingRules = {
    var names = MovedNames()
    for name in ["orders", "orders_id_seq", "orders_pkey", "orders_stat"] {
      names[SQLName(schema: "public", name)] = "beside"
    }
    return StagingRules(names: names, tables: [SQLName(schema: "public", "orders")], commentedSchema: "beside")
  }()

  private func action(_ sql: String) -> StagingRules.Action {
    let bytes = Array(sql.utf8)
    let statement = DumpStatement(bytes.span, syntax: SQLSyntax())
    return Self.rules.action(for: statement, bytes.span, syntax: SQLSyntax())
  }

  @Test(
    "what makes, fills or describes a chosen table runs",
    arguments: [
      "CREATE TABLE public.orders (id bigint);", "CREATE SEQUENCE public.orders_id_seq;",
      "ALTER TABLE public.orders OWNER TO app;", "ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT 1;",
      "ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;",
      "SELECT pg_catalog.setval('public.orders_id_seq', 3, true);",
      "ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);",
      "ALTER TABLE ONLY public.orders ADD CONSTRAINT o FOREIGN KEY (p) REFERENCES public.orders(id);",
      "CREATE UNIQUE INDEX i ON public.orders USING btree (id);",
      "CREATE STATISTICS public.orders_stat ON a, b FROM public.orders;",
      "CREATE TRIGGER t AFTER INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.f();",
      "CREATE POLICY p ON public.orders USING (true);", "ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;",
      "CREATE RULE r AS ON INSERT TO public.orders DO ALSO NOTHING;", "COMMENT ON TABLE public.orders IS 'x';",
      "COMMENT ON COLUMN public.orders.id IS 'x';", "COMMENT ON INDEX public.orders_pkey IS 'x';",
      "COMMENT ON CONSTRAINT c ON public.orders IS 'x';", "COMMENT ON TRIGGER t ON public.orders IS 'x';",
      "COMMENT ON STATISTICS public.orders_stat IS 'x';", "GRANT SELECT ON TABLE public.orders TO app;",
      "REVOKE ALL ON TABLE public.orders FROM app;", "GRANT USAGE ON SEQUENCE public.orders_id_seq TO app;",
      "INSERT INTO public.orders VALUES (1);",
    ])
  func runs(sql: String) {
    guard case .run(let text) = action(sql) else {
      Issue.record("\(sql) gives \(action(sql))")
      return
    }
    #expect("\(text)".contains("beside"))
  }

  @Test(
    "everything else is passed over",
    arguments: [
      "CREATE SCHEMA public;", "CREATE TYPE public.status AS ENUM ('a');", "CREATE EXTENSION citext;",
      "CREATE FUNCTION public.orders() RETURNS int LANGUAGE sql AS 'SELECT 1';", "CREATE TABLE sales.orders (id int);",
      "CREATE TABLE public.other (o public.orders);", "CREATE VIEW public.v AS SELECT * FROM public.orders;",
      "ALTER TABLE ONLY public.items ADD CONSTRAINT f FOREIGN KEY (o) REFERENCES public.orders(id);",
      "ALTER PUBLICATION p ADD TABLE ONLY public.orders;", "DROP TABLE public.orders;",
      "DROP TABLE IF EXISTS public.orders;",
      "TRUNCATE public.orders;", "DELETE FROM public.orders;", "DO $$BEGIN DROP TABLE public.orders; END$$;",
      "GRANT USAGE ON SCHEMA public TO app;", "GRANT EXECUTE ON FUNCTION public.orders() TO app;",
      "COMMENT ON CONSTRAINT c ON DOMAIN public.orders IS 'x';", "COMMENT ON SCHEMA public IS 'x';",
      "INSERT INTO public.log VALUES ('public.orders');", "REFRESH MATERIALIZED VIEW public.orders;",
      "SELECT pg_catalog.lo_create('1');", "ALTER DATABASE app SET work_mem = '1MB';", "CREATE ROLE app;",
      "ALTER SYSTEM SET work_mem = '1MB';", "UPDATE public.orders SET id = 1;", "BEGIN;", "COMMIT;",
      "COPY public.orders FROM PROGRAM 'id';", "CREATE TRIGGER t AFTER INSERT ON public.log EXECUTE FUNCTION f();",
    ])
  func passedOver(sql: String) { #expect(action(sql) == .passOver) }

  @Test("a foreign key to a table that stays is made in the exchange")
  func later() {
    #expect(
      action("ALTER TABLE ONLY public.orders ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES public.customers(id);")
        == .later)
  }

  @Test("settings change the session as they are")
  func settings() {
    #expect(action("SET default_tablespace = '';") == .asWritten)
    #expect(action("SELECT pg_catalog.set_config('search_path', '', false);") == .asWritten)
  }
}
