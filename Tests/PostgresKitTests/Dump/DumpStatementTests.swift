internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("what dump statements do")
struct DumpStatementTests {
  typealias Kind = DumpStatement.Kind

  private static func parse(_ text: String) -> DumpStatement {
    DumpStatement(Array(text.utf8).span, syntax: SQLSyntax())
  }

  private static func name(_ schema: String?, _ name: String) -> SQLName { SQLName(schema: schema, name) }

  private static func create(
    _ kind: DumpObject.Kind, _ schema: String?, _ name: String, table: SQLName? = nil, signature: String? = nil
  ) -> Kind {
    .create(DumpObject(kind, SQLName(schema: schema, name), table: table, signature: signature))
  }

  @Test(
    "the session",
    arguments: [
      ("SET statement_timeout = 0;", .setting(DumpSetting("statement_timeout", "0"))),
      ("SET client_encoding = 'UTF8';", .setting(DumpSetting("client_encoding", "UTF8"))),
      ("set session Work_Mem to 64;", .setting(DumpSetting("work_mem", "64"))),
      ("SET LOCAL a.b TO 'x;', y;", .setting(DumpSetting(name: "a.b", values: ["x;", "y"], scope: .transaction))),
      ("SET xmloption TO DEFAULT;", .setting(DumpSetting("xmloption", nil))),
      ("SET NAMES 'LATIN1';", .setting(DumpSetting("client_encoding", "LATIN1"))),
      ("SET TIME ZONE 'UTC';", .setting(DumpSetting("timezone", "UTC"))),
      ("SET default_tablespace = '';", .setting(DumpSetting("default_tablespace", ""))),
      ("SET x = -1.5;", .setting(DumpSetting("x", "-1.5"))),
      ("RESET ALL;", .setting(DumpSetting("all", nil))), ("DISCARD ALL;", .setting(DumpSetting("all", nil))),
      ("SELECT pg_catalog.set_config('search_path', '', false);", .setting(DumpSetting("search_path", ""))),
      ("SELECT set_config('A', 'b', true);", .setting(DumpSetting("a", "b", .transaction))),
      ("SET SESSION AUTHORIZATION 'Joe';", .setSessionAuthorization("Joe")),
      ("SET SESSION AUTHORIZATION DEFAULT;", .setSessionAuthorization(nil)),
      ("RESET SESSION AUTHORIZATION;", .setSessionAuthorization(nil)), ("SET ROLE joe;", .setRole("joe")),
      ("SET LOCAL ROLE \"J\";", .setRole("J")), ("SET ROLE NONE;", .setRole(nil)), ("RESET ROLE;", .setRole(nil)),
      ("SET role = 'x';", .setRole("x")), ("BEGIN;", .begin), ("START TRANSACTION;", .begin), ("COMMIT;", .commit),
      ("END;", .commit), ("ROLLBACK;", .rollback), (";", .empty), ("SET CONSTRAINTS ALL DEFERRED;", .other("set")),
    ] as [(String, Kind)])
  func session(text: String, kind: Kind) { #expect(Self.parse(text).kind == kind) }

  @Test(
    "rows",
    arguments: [
      ("INSERT INTO public.\"T;\" VALUES (1);", .insert(name("public", "T;"))),
      ("insert into t default values;", .insert(name(nil, "t"))),
      ("COPY (SELECT 1) TO STDOUT;", .copyToStdout),
      ("COPY t FROM '/etc/passwd';", .copyServer(name(nil, "t"), .fromFile)),
      ("COPY s.t (a) FROM PROGRAM 'id';", .copyServer(name("s", "t"), .fromProgram)),
      ("COPY t TO '/tmp/x';", .copyServer(name(nil, "t"), .toFile)),
      ("COPY (SELECT 1) TO PROGRAM 'id';", .copyServer(nil, .toProgram)),
      ("SELECT pg_catalog.setval('public.\"S q\"', 3, true);", .setval(name("public", "S q"))),
      ("SELECT pg_catalog.lo_create('42');", .largeObject(.create(42))),
      ("SELECT pg_catalog.lo_open(42, 131072);", .largeObject(.open(42))),
      ("SELECT pg_catalog.lowrite(0, '\\x00');", .largeObject(.write)),
      ("SELECT pg_catalog.lo_close(0);", .largeObject(.close)),
      ("SELECT pg_catalog.lo_unlink('7');", .largeObject(.unlink(7))),
      (
        "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '42';",
        .largeObject(.unlink(42))
      ),
      ("SELECT 1;", .other("select")),
      ("SELECT evil.setval('x', 1);", .other("select")),
      ("REFRESH MATERIALIZED VIEW CONCURRENTLY a.b;", .refreshMaterializedView(name("a", "b"))),
      ("ANALYZE t;", .analyze), ("VACUUM;", .vacuum), ("DO $$BEGIN END$$;", .doBlock), ("LOAD 'x';", .load),
      ("UPDATE t SET a = 1;", .other("update")),
    ] as [(String, Kind)])
  func rows(text: String, kind: Kind) { #expect(Self.parse(text).kind == kind) }

  @Test(
    "objects that are made",
    arguments: [
      ("CREATE TABLE public.t (a int);", create(.table, "public", "t")),
      ("CREATE UNLOGGED TABLE IF NOT EXISTS \"a\"\"b\".\"c.d\" ();", create(.table, "a\"b", "c.d")),
      ("CREATE OR REPLACE VIEW v AS SELECT 1;", create(.view, nil, "v")),
      ("CREATE MATERIALIZED VIEW a.m AS SELECT 1 WITH NO DATA;", create(.materializedView, "a", "m")),
      ("CREATE SEQUENCE a.s;", create(.sequence, "a", "s")), ("CREATE TYPE a.t AS ENUM ();", create(.type, "a", "t")),
      ("CREATE DOMAIN a.d AS int;", create(.domain, "a", "d")), ("CREATE SCHEMA s;", create(.schema, nil, "s")),
      (
        "CREATE FUNCTION a.f(x int, y text = ')') RETURNS int;",
        create(.function, "a", "f", signature: "(x int, y text = ')')")
      ),
      ("CREATE PROCEDURE a.p();", create(.procedure, "a", "p", signature: "()")),
      ("CREATE AGGREGATE a.g(*) (SFUNC = x);", create(.aggregate, "a", "g", signature: "(*)")),
      (
        "CREATE OPERATOR a.<-> (\n FUNCTION = f,\n LEFTARG = numeric(3,1),\n RIGHTARG = a.t,\n HASHES\n);",
        create(.operator, "a", "<->", signature: "(numeric(3,1), a.t)")
      ),
      ("CREATE OPERATOR @#@ (RIGHTARG = int, PROCEDURE = f);", create(.operator, nil, "@#@", signature: "(NONE, int)")),
      (
        "CREATE OPERATOR CLASS a.c DEFAULT FOR TYPE int USING btree AS OPERATOR 1 <;",
        create(.operatorClass, "a", "c", signature: "btree")
      ),
      ("CREATE OPERATOR FAMILY a.f USING gist;", create(.operatorFamily, "a", "f", signature: "gist")),
      ("CREATE CAST (a.t AS text) WITH INOUT;", create(.cast, nil, "(a.t AS text)")),
      (
        "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION f(internal));",
        create(.transform, nil, "FOR integer LANGUAGE sql")
      ),
      ("CREATE DEFAULT CONVERSION a.c FOR 'LATIN1' TO 'UTF8' FROM f;", create(.conversion, "a", "c")),
      ("CREATE COLLATION a.c (provider = icu);", create(.collation, "a", "c")),
      ("CREATE TEXT SEARCH CONFIGURATION a.c (PARSER = p);", create(.textSearchConfiguration, "a", "c")),
      ("CREATE TEXT SEARCH TEMPLATE a.t (LEXIZE = l);", create(.textSearchTemplate, "a", "t")),
      ("CREATE ACCESS METHOD m TYPE INDEX HANDLER h;", create(.accessMethod, nil, "m")),
      (
        "CREATE OR REPLACE TRUSTED PROCEDURAL LANGUAGE l HANDLER h;",
        .create(DumpObject(.language, name(nil, "l"), signature: "HANDLER"))
      ),
      ("CREATE OR REPLACE PROCEDURAL LANGUAGE l;", create(.language, nil, "l")),
      ("CREATE LANGUAGE l;", create(.language, nil, "l")),
      ("CREATE STATISTICS a.s ON x FROM t;", create(.statistics, "a", "s")),
      ("CREATE FOREIGN DATA WRAPPER w;", create(.foreignDataWrapper, nil, "w")),
      ("CREATE SERVER \"s;\" FOREIGN DATA WRAPPER w;", create(.server, nil, "s;")),
      ("CREATE FOREIGN TABLE a.f (x int) SERVER s;", create(.foreignTable, "a", "f")),
      ("CREATE USER MAPPING FOR joe SERVER s OPTIONS (x 'y');", create(.userMapping, nil, "FOR joe SERVER s")),
      ("CREATE PUBLICATION p FOR ALL TABLES;", create(.publication, nil, "p")),
      ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p;", create(.subscription, nil, "s")),
      ("CREATE EVENT TRIGGER e ON sql_drop;", create(.eventTrigger, nil, "e")),
      ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA x;", create(.extension, "x", "uuid-ossp")),
      ("CREATE EXTENSION plpgsql;", create(.extension, nil, "plpgsql")),
      (
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE OF a ON s.x FOR EACH ROW;",
        create(.trigger, "s", "t", table: name("s", "x"))
      ),
      ("CREATE RULE r AS ON INSERT TO s.x DO (SELECT 1; );", create(.rule, "s", "r", table: name("s", "x"))),
      ("CREATE POLICY p ON s.x USING ((a TO b));", create(.policy, "s", "p", table: name("s", "x"))),
      (
        "CREATE UNIQUE INDEX i ON ONLY s.x USING btree (a);",
        .createIndex(DumpObject(.index, name("s", "i"), table: name("s", "x")), isConcurrent: false)
      ),
      (
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON x (a);",
        .createIndex(DumpObject(.index, name(nil, "i"), table: name(nil, "x")), isConcurrent: true)
      ),
      (
        "ALTER TABLE ONLY s.x ADD CONSTRAINT \"c;\" PRIMARY KEY (a);",
        create(.primaryKey, "s", "c;", table: name("s", "x"))
      ),
      (
        "ALTER TABLE s.x\n    ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t NOT VALID;",
        create(.foreignKey, "s", "f", table: name("s", "x"))
      ),
      ("ALTER TABLE x ADD CONSTRAINT c CHECK ((a > 0));", create(.checkConstraint, nil, "c", table: name(nil, "x"))),
      (
        "ALTER TABLE x ADD CONSTRAINT u UNIQUE USING INDEX i;",
        create(.uniqueConstraint, nil, "u", table: name(nil, "x"))
      ),
      (
        "ALTER TABLE x ADD CONSTRAINT e EXCLUDE (a WITH =);",
        create(.exclusionConstraint, nil, "e", table: name(nil, "x"))
      ),
    ] as [(String, Kind)])
  func objects(text: String, kind: Kind) { #expect(Self.parse(text).kind == kind) }

  @Test(
    "objects that are changed, and the roles that are needed",
    arguments: [
      ("ALTER TABLE public.t OWNER TO \"Joe\";", .alterOwner(.table, name("public", "t"), role: "Joe"), ["Joe"]),
      (
        "ALTER FUNCTION a.f(x integer, y text) OWNER TO joe;", .alterOwner(.function, name("a", "f"), role: "joe"),
        ["joe"]
      ),
      ("ALTER OPERATOR a.+ (NONE, int) OWNER TO joe;", .alterOwner(.operator, name("a", "+"), role: "joe"), ["joe"]),
      (
        "ALTER OPERATOR CLASS a.c USING btree OWNER TO joe;", .alterOwner(.operatorClass, name("a", "c"), role: "joe"),
        ["joe"]
      ),
      ("ALTER LARGE OBJECT 42 OWNER TO joe;", .alterOwner(.largeObject, name(nil, "42"), role: "joe"), ["joe"]),
      (
        "ALTER TEXT SEARCH DICTIONARY a.d OWNER TO joe;",
        .alterOwner(.textSearchDictionary, name("a", "d"), role: "joe"), ["joe"]
      ),
      ("ALTER TABLE t OWNER TO CURRENT_USER;", .alter(.table, name(nil, "t")), []),
      ("ALTER TABLE ONLY t ATTACH PARTITION x DEFAULT;", .alter(.table, name(nil, "t")), []),
      ("ALTER INDEX a.i ATTACH PARTITION a.j;", .alter(.index, name("a", "i")), []),
      ("ALTER TABLE IF EXISTS ONLY a.t DROP CONSTRAINT IF EXISTS c;", .alter(.table, name("a", "t")), []),
      ("DROP TABLE IF EXISTS a.t;", .drop(.table, name("a", "t")), []),
      ("DROP FUNCTION a.f(int);", .drop(.function, name("a", "f")), []),
      ("DROP TRIGGER IF EXISTS x ON y;", .drop(.trigger, name(nil, "x")), []),
      ("COMMENT ON TABLE a.t IS 'x;';", .comment(.table, name("a", "t")), []),
      ("COMMENT ON COLUMN a.t.\"c.d\" IS 'x';", .comment(.table, name("a", "t")), []),
      ("COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x';", .comment(.checkConstraint, name(nil, "c")), []),
      ("COMMENT ON EXTENSION e IS 'x';", .comment(.extension, name(nil, "e")), []),
      ("SECURITY LABEL FOR p ON TABLE a.t IS 'x';", .comment(.table, name("a", "t")), []),
      ("GRANT SELECT(a),UPDATE(b) ON TABLE s.t TO joe, GROUP \"Ann\" WITH GRANT OPTION;", .privileges, ["joe", "Ann"]),
      ("GRANT ALL ON FUNCTION a.f(x text) TO PUBLIC;", .privileges, []),
      ("GRANT ALL ON FUNCTION a.f(x text) TO \"public\", \"user\";", .privileges, ["user"]),
      ("REVOKE GRANT OPTION FOR ALL ON SCHEMA s FROM joe GRANTED BY ann CASCADE;", .privileges, ["joe", "ann"]),
      (
        "ALTER DEFAULT PRIVILEGES FOR ROLE a, b IN SCHEMA s GRANT SELECT ON TABLES TO c;", .defaultPrivileges,
        ["a", "b", "c"]
      ),
      (
        "ALTER DEFAULT PRIVILEGES FOR USER a REVOKE GRANT OPTION FOR ALL ON TYPES FROM b;", .defaultPrivileges,
        ["a", "b"]
      ),
      (
        "CREATE POLICY p ON t AS RESTRICTIVE FOR ALL TO joe, PUBLIC USING (true);",
        create(.policy, nil, "p", table: name(nil, "t")), ["joe"]
      ),
      ("CREATE SCHEMA s AUTHORIZATION joe;", create(.schema, nil, "s"), ["joe"]),
      ("CREATE SCHEMA AUTHORIZATION joe;", create(.schema, nil, "joe"), ["joe"]),
      ("CREATE USER MAPPING FOR \"J\" SERVER s;", create(.userMapping, nil, "FOR \"J\" SERVER s"), ["J"]),
      ("CREATE USER MAPPING FOR PUBLIC SERVER s;", create(.userMapping, nil, "FOR PUBLIC SERVER s"), []),
      ("SET SESSION AUTHORIZATION joe;", .setSessionAuthorization("joe"), ["joe"]),
    ] as [(String, Kind, [String])])
  func roles(text: String, kind: Kind, roles: [String]) {
    #expect(Self.parse(text).kind == kind)
    #expect(Self.parse(text).roles == roles)
    #expect(Self.parse(text).escape == nil)
  }

  @Test(
    "what reaches beyond the database",
    arguments: [
      ("ALTER SYSTEM SET fsync = off;", .alterSystem, .serverConfiguration),
      ("GRANT SET ON PARAMETER fsync TO joe;", .parameter, .parameter),
      ("CREATE ROLE joe;", .role, .role), ("ALTER USER joe SUPERUSER;", .role, .role),
      ("DROP GROUP joe;", .role, .role),
      ("CREATE USER joe;", .role, .role), ("GRANT a TO b;", .role, .role),
      ("REVOKE ADMIN OPTION FOR a FROM b;", .role, .role),
      ("COMMENT ON ROLE joe IS 'x';", .role, .role), ("REASSIGN OWNED BY a TO b;", .role, .role),
      ("DROP OWNED BY a;", .role, .role), ("ALTER ROLE ALL SET work_mem = '1GB';", .role, .role),
      ("CREATE TABLESPACE t LOCATION '/x';", .tablespace("t"), .tablespace("t")),
      ("DROP TABLESPACE IF EXISTS t;", .tablespace("t"), .tablespace("t")),
      ("GRANT CREATE ON TABLESPACE t TO joe;", .tablespace("t"), .tablespace("t")),
      ("COMMENT ON TABLESPACE t IS 'x';", .tablespace("t"), .tablespace("t")),
      ("CREATE DATABASE \"D;\" WITH TEMPLATE = template0;", .database(.create, name: "D;"), .database("D;")),
      ("DROP DATABASE IF EXISTS d;", .database(.drop, name: "d"), .database("d")),
      ("ALTER DATABASE d OWNER TO joe;", .database(.owner("joe"), name: "d"), .database("d")),
      ("ALTER DATABASE d SET work_mem TO '1MB';", .database(.alter, name: "d"), .database("d")),
      ("COMMENT ON DATABASE d IS 'x';", .database(.comment, name: "d"), .database("d")),
      ("GRANT CONNECT ON DATABASE d TO joe;", .database(.privileges, name: "d"), .database("d")),
      ("SECURITY LABEL ON DATABASE d IS 'x';", .database(.securityLabel, name: "d"), .database("d")),
      ("ALTER ROLE joe IN DATABASE d SET x TO 'y';", .database(.roleSetting("joe"), name: "d"), .database("d")),
      ("ALTER ROLE ALL IN DATABASE d RESET ALL;", .database(.roleSetting(nil), name: "d"), .database("d")),
      ("COPY t FROM PROGRAM 'x';", .copyServer(name(nil, "t"), .fromProgram), .program),
      ("COPY t TO '/x';", .copyServer(name(nil, "t"), .toFile), .serverFile), ("LOAD 'x';", .load, .library),
    ] as [(String, Kind, DumpStatement.Escape)])
  func escapes(text: String, kind: Kind, escape: DumpStatement.Escape) {
    #expect(Self.parse(text).kind == kind)
    #expect(Self.parse(text).escape == escape)
    // However it is written.
    let spread = "/* ; */ " + text.replacing(" ", with: " -- '\n\t")
    #expect(Self.parse(spread).escape == escape)
    #expect(Self.parse(text.lowercased()).escape != nil)
  }

  @Test("tablespaces that are needed are known")
  func tablespaces() {
    #expect(Self.parse("CREATE TABLE t (a int) WITH (x = 1) TABLESPACE \"Fast\";").tablespace == "Fast")
    #expect(Self.parse("CREATE INDEX i ON t (tablespace) TABLESPACE fast WHERE a > 0;").tablespace == "fast")
    #expect(Self.parse("CREATE DATABASE d TABLESPACE = fast OWNER joe;").tablespace == "fast")
    #expect(Self.parse("CREATE DATABASE d TABLESPACE = fast OWNER joe;").roles == ["joe"])
    #expect(Self.parse("CREATE TABLE t (a text DEFAULT 'TABLESPACE x');").tablespace == nil)
  }

  @Test("names come out of every form of quotes")
  func names() {
    let forms = [
      "\"a\"\"b\".\"c.d\"": SQLName(schema: "a\"b", "c.d"), "PUBLIC.T": SQLName(schema: "public", "t"),
      "U&\"d\\0061t\\+000061\".x": SQLName(schema: "data", "x"), "db.s.t": SQLName(schema: "s", "t"),
      "größe": SQLName("größe"), "\"\n;\"": SQLName("\n;"), "a$b": SQLName("a$b"),
    ]
    for (text, name) in forms {
      #expect(Self.parse("CREATE TABLE \(text) ();").kind == .create(DumpObject(.table, name)))
    }
    #expect(SQLName("a\u{308}") != SQLName("ä"), "names are equal only when their bytes are")
  }

  @Test(
    "names are read in the dump's encoding",
    arguments: [
      ("UTF8", [0xC3, 0xA4], "ä"), ("SQL_ASCII", [0xC3, 0xA4], "ä"), ("LATIN1", [0xE4, 0x80], "ä\u{80}"),
      ("LATIN2", [0xB1], "ą"), ("LATIN9", [0xA4], "€"), ("ISO_8859_5", [0xB0], "А"), ("WIN1252", [0x80], "€"),
      ("windows-1251", [0xC0], "А"), ("KOI8R", [0xC1], "а"), ("EUC_JP", [0xC6, 0xFC], "日"),
      ("SJIS", [0x93, 0xFA], "日"),
      ("SJIS", [0x95, 0x5C], "表"), ("BIG5", [0xA4, 0xE9], "日"), ("GBK", [0xC8, 0xD5], "日"),
      ("GB18030", [0x81, 0x30, 0x81, 0x30], "\u{80}"), ("UHC", [0xEC, 0xED], "日"), ("UTF8", [0xFF], "\u{FFFD}"),
      ("EUC_JP", [0xFF], "\u{FFFD}"),
    ] as [(String, [UInt8], String)])
  func encodings(encoding: String, bytes: [UInt8], name: String) {
    let text = Array("CREATE TABLE \"a".utf8) + bytes + Array("\" (x int);".utf8)
    let statement = DumpStatement(text.span, syntax: SQLSyntax(clientEncoding: encoding))
    #expect(statement.kind == .create(DumpObject(.table, SQLName("a" + name))))
  }

  @Test("statements in random order of tokens are never an error")
  func noise() throws {
    let words = [
      "create", "alter", "drop", "grant", "revoke", "on", "to", "from", "table", "database", "role", "owner", "user",
      "mapping", "for", "index", "function", "(", ")", "'x'", "a", ".", "\"b\"", ",", "=", "set", "session", "select",
      "setval", "default", "privileges", "comment", "operator", "class", "using", "cast", "as", "copy", "stdin", "with",
      "if", "not", "exists", "event", "trigger", "rule", "policy", "large", "object", "1", "in", "schema", "text",
      "search",
      "extension", "column", "refresh", "materialized", "view", "concurrently", "insert", "into", "constraint", "add",
      "+",
    ]
    try Property.check { random in
      let text = (0..<random.int(0...12)).map { _ in random.pick(words) }.joined(separator: " ") + ";"
      let statement = Self.parse(text)
      try Property.require(statement.kind != .empty || text == ";", text)
    }
  }
}

extension DumpSetting {
  init(_ name: String, _ value: String?, _ scope: Scope = .session) {
    self.init(name: name, values: value.map { [$0] }, scope: scope)
  }
}
