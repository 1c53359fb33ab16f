import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("constraints taken apart")
struct ConstraintRewritingTests {
  @Test(
    "a key becomes an index of its name, and then the constraint",
    arguments: [
      (
        "ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id);",
        "CREATE UNIQUE INDEX t_pkey ON ONLY public.t USING btree (id);",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey;"
      ),
      (
        #"alter table "T"."a;b" add constraint "x""y" unique (a, "B c") deferrable initially deferred"#,
        #"CREATE UNIQUE INDEX "x""y" ON "T"."a;b" USING btree (a, "B c");"#,
        #"ALTER TABLE "T"."a;b" ADD CONSTRAINT "x""y" UNIQUE USING INDEX "x""y" DEFERRABLE INITIALLY DEFERRED;"#
      ),
      (
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b, c) WITH (fillfactor='70') "
          + "USING INDEX TABLESPACE fast NOT DEFERRABLE;",
        "CREATE UNIQUE INDEX u ON t USING btree (a) INCLUDE (b, c) NULLS NOT DISTINCT WITH (fillfactor='70') "
          + "TABLESPACE fast;",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u NOT DEFERRABLE;"
      ),
    ])
  func keys(statement: String, index: String, constraint: String) throws {
    let key = try #require(KeyConstraint(SQLText(Array(statement.utf8)), syntax: SQLSyntax()))
    #expect(key.createIndex.description == index)
    #expect(key.addConstraint.description == constraint)
  }

  @Test(
    "what is not surely a plain key keeps its own form",
    arguments: [
      "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
      "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i;",
      "ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY (a, b WITHOUT OVERLAPS);",
      "ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY (a), ADD COLUMN b int;",
      "ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY NULLS NOT DISTINCT (a);",
      "ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY (a) NOT ENFORCED;",
      "ALTER TABLE t * ADD CONSTRAINT c PRIMARY KEY (a);",
      "ALTER TABLE IF EXISTS t ADD CONSTRAINT c PRIMARY KEY (a);",
      "ALTER TABLE t ADD PRIMARY KEY (a);",
      "COMMENT ON CONSTRAINT c ON t IS 'ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY (a);';",
    ])
  func odd(statement: String) {
    #expect(KeyConstraint(SQLText(Array(statement.utf8)), syntax: SQLSyntax()) == nil)
  }

  @Test(
    "a foreign key is added unchecked, and checked afterwards",
    arguments: [
      (
        "ALTER TABLE ONLY public.a\n    ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES public.b(id);",
        "ALTER TABLE ONLY public.a\n    ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES public.b(id) NOT VALID;",
        "ALTER TABLE ONLY public.a VALIDATE CONSTRAINT f;"
      ),
      (
        #"ALTER TABLE a ADD CONSTRAINT "NOT VALID" FOREIGN KEY ("not", "valid") REFERENCES "references" MATCH FULL "#
          + "ON UPDATE CASCADE ON DELETE SET NULL (\"not\") DEFERRABLE INITIALLY DEFERRED;",
        #"ALTER TABLE a ADD CONSTRAINT "NOT VALID" FOREIGN KEY ("not", "valid") REFERENCES "references" MATCH FULL "#
          + "ON UPDATE CASCADE ON DELETE SET NULL (\"not\") DEFERRABLE INITIALLY DEFERRED NOT VALID;",
        #"ALTER TABLE a VALIDATE CONSTRAINT "NOT VALID";"#
      ),
    ])
  func foreignKeys(statement: String, add: String, validate: String) throws {
    let key = try #require(ForeignKey(SQLText(Array(statement.utf8)), syntax: SQLSyntax()))
    #expect(key.addNotValid.description == add)
    #expect(key.validate.description == validate)
  }

  @Test(
    "a foreign key that is not surely understood keeps its own form",
    arguments: [
      "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES b(id) NOT VALID;",
      "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES b(id) NOT ENFORCED;",
      "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES b(id), ADD COLUMN y int;",
      "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES b(id) ENFORCED;",
      "ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b(id);",
    ])
  func oddForeignKeys(statement: String) {
    #expect(ForeignKey(SQLText(Array(statement.utf8)), syntax: SQLSyntax()) == nil)
  }

  @Test(
    "an index is plain where it has columns alone",
    arguments: [
      ("CREATE INDEX i ON public.t USING btree (a, b DESC NULLS LAST, c COLLATE \"C\" text_pattern_ops);", true),
      ("CREATE UNIQUE INDEX i ON ONLY t USING btree (a) INCLUDE (b) WITH (fillfactor='70');", true),
      ("CREATE INDEX i ON t USING btree (lower(a));", false), ("CREATE INDEX i ON t USING btree (((a + b)));", false),
      ("CREATE INDEX i ON t USING gist (a gist_trgm_ops (siglen='32'));", false),
      ("CREATE INDEX i ON t USING brin (a) WHERE (b > 0);", false),
    ])
  func indexes(statement: String, isPlain: Bool) throws {
    let index = try #require(IndexStatement(SQLText(Array(statement.utf8)), syntax: SQLSyntax()))
    #expect(index.isPlain == isPlain)
    #expect(index.table.name == "t" && index.name == "i")
  }

  @Test(
    "an index without a name, or made concurrently, is left alone",
    arguments: [
      "CREATE INDEX ON t (a);", "CREATE INDEX CONCURRENTLY i ON t (a);", "CREATE INDEX IF NOT EXISTS i ON t (a);",
    ])
  func oddIndexes(statement: String) {
    #expect(IndexStatement(SQLText(Array(statement.utf8)), syntax: SQLSyntax()) == nil)
  }

  @Test("a COPY is frozen behind FROM stdin, whatever its table and columns are called")
  func frozen() {
    let statement = SQLText(Array(#"COPY stdin ("from", stdin) FROM stdin;"#.utf8))
    var copy = DumpCopy(table: SQLName("stdin"), columns: nil, format: .text, statement: statement, offset: 0, line: 1)
    #expect(copy.frozenStatement?.description == #"COPY stdin ("from", stdin) FROM stdin WITH (FREEZE);"#)
    copy.format = .textWithOptions
    #expect(copy.frozenStatement == nil)
  }
}
