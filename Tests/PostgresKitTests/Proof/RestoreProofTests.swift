import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("proving a restore")
struct RestoreProofTests {
  private let bench: LoadBench

  init() throws { bench = try LoadBench() }

  /// Loads a dump, damages the result, and proves it.
  private func prove(
    _ dump: [UInt8], damage: String = "", assertions: [ProofRequest.Assertion] = []
  ) throws -> RestoreProof {
    try bench.server.withDatabase { database in
      let outcome = try bench.load(dump, into: database)
      if !damage.isEmpty { try bench.server.sql(damage, in: database) }
      let request = ProofRequest(
        segments: try DumpSurvey.of(dump).content(of: nil), loadedRows: outcome.rows, assertions: assertions)
      var connection = try Connection(bench.server.settings(database))
      return try RestoreProof.prove(request, &connection)
    }
  }

  @Test(
    "what was loaded is proved, whatever form the dump has",
    arguments: [[], ["--inserts"], ["--load-via-partition-root"], ["--schema-only"], ["--clean", "--if-exists"]])
  func proved(options: [String]) throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    let proof = try prove(bench.server.pgDump(rich, options: options))
    #expect(proof.differences == [])
    #expect(proof.rows == (options == ["--schema-only"] ? 0 : 1006))
    #expect(proof.objects >= 29)
  }

  @Test(
    "the corpora are proved", .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"),
    arguments: ["chinook.sql", "northwind.sql"])
  func corpora(name: String) throws {
    let proof = try prove(LoadBench.corpus(name))
    #expect(proof.differences == [])
    #expect(proof.unproved == [])
    #expect(proof.tables > 10)
  }

  @Test(
    "every damage is named",
    arguments: [
      ("DROP PUBLICATION pub; DELETE FROM s.child WHERE id = 7", "table s.child has 303 rows, the dump has 304"),
      ("INSERT INTO s.part VALUES ('2020-02-02', 1)", "table s.part_a has"),
      ("DROP TABLE s.\"we\"\"ird\"", "table s.\"we\"\"ird\" is not there, the dump has rows for it"),
      ("DROP VIEW s.v", "view s.v is not there"), ("DROP FUNCTION s.f(int)", "function s.f is not there"),
      ("DROP TRIGGER tg ON s.child", "trigger s.tg of child is not there"),
      ("DROP POLICY p ON s.parent", "policy s.p of parent is not there"),
      ("DROP INDEX s.child_p_idx", "index s.child_p_idx of child is not there"),
      ("ALTER TABLE s.child DROP CONSTRAINT child_p_fkey", "foreign-key s.child_p_fkey of child is not there"),
      ("DROP PUBLICATION pub", "publication pub is not there"), ("SELECT lo_unlink(90003)", "large-object \"90003\""),
      ("DROP EVENT TRIGGER et", "event-trigger et is not there"),
      ("DROP STATISTICS s.st", "statistics s.st is not there"),
      ("DROP SEQUENCE s.sq", "sequence s.sq is not there"),
      ("DROP RULE r ON s.parent", "rule s.r of parent is not there"),
    ])
  func damaged(sql: String, difference: String) throws {
    let rich = try bench.makeRichDatabase()
    defer { try? bench.server.dropDatabase(rich) }
    let proof = try prove(bench.server.pgDump(rich), damage: sql)
    #expect(!proof.isProved)
    #expect(proof.differences.contains { "\($0)".contains(difference) }, "\(proof.differences)")
  }

  @Test(
    "assertions hold, fail, or can't be asked, each by its name",
    .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"))
  func assertions() throws {
    let proof = try prove(
      LoadBench.corpus("chinook.sql"),
      assertions: [
        .init(name: "artists", sql: "SELECT count(*) > 200 FROM \"Artist\""),
        .init(name: "none", sql: "SELECT count(*) = 0 FROM \"Artist\""),
        .init(name: "typo", sql: "SELECT count(*) > 0 FROM artists"),
        .init(name: "writes", sql: "CREATE TABLE t (i int)"), .init(name: "empty", sql: "SELECT true WHERE false"),
      ])
    #expect(proof.assertions == 5)
    let names = proof.differences.map { difference -> String in
      if case .assertion(let name, _) = difference { return name }
      return ""
    }
    #expect(names == ["none", "typo", "writes", "empty"])
  }

  @Test("rows of an extension's own tables come on top of what CREATE EXTENSION put there")
  func extensionRows() throws {
    // No extension with configuration data is certain to be installed: a table is made a member of one.
    let setup = "CREATE TABLE conf (i int);"
    let dump = Array("\(setup)\nCOPY public.conf (i) FROM stdin;\n1\n2\n\\.\n".utf8)
    let damage = "INSERT INTO conf VALUES (0); ALTER EXTENSION plpgsql ADD TABLE conf"
    #expect(try prove(dump, damage: damage).isProved)
    #expect(try !prove(dump, damage: "DELETE FROM conf; " + damage).isProved)
  }

  @Test("the verdict survives being written as JSON")
  func codable() throws {
    var proof = RestoreProof()
    proof.differences = [
      .rows(table: SQLName(schema: "s", "t"), expected: 2, found: 1), .assertion(name: "x", answer: nil),
      .missingObject(.trigger, SQLName("t"), table: SQLName("x")),
    ]
    #expect(try JSONValue(encoding: proof).decoded(as: RestoreProof.self) == proof)
  }
}
