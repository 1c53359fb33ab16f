import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("changes to a database's own properties")
struct DatabaseChangesTests {
  private typealias Privilege = DatabaseGrant.Privilege

  private func grant(_ grantor: String, _ grantee: String?, _ privilege: Privilege = .connect, option: Bool = false)
    -> DatabaseGrant
  {
    DatabaseGrant(grantor: grantor, grantee: grantee, privilege: privilege, isGrantable: option)
  }

  @Test("privileges are granted in an order in which each grantor has what it grants")
  func order() {
    let wanted = [grant("b", "c"), grant("a", "b", option: true), grant("own", "a", option: true), grant("own", nil)]
    let plan = GrantPlan(database: "d", owner: "own", wanted: wanted, present: [grant("own", "old")])
    #expect(
      plan.changes.map(\.sql) == [
        "REVOKE ALL ON DATABASE \"d\" FROM PUBLIC, \"old\", \"own\" CASCADE",
        "GRANT CONNECT ON DATABASE \"d\" TO \"a\" WITH GRANT OPTION",
        "SET LOCAL ROLE \"a\"", "GRANT CONNECT ON DATABASE \"d\" TO \"b\" WITH GRANT OPTION", "RESET ROLE",
        "SET LOCAL ROLE \"b\"", "GRANT CONNECT ON DATABASE \"d\" TO \"c\"", "RESET ROLE",
        "GRANT CONNECT ON DATABASE \"d\" TO PUBLIC",
      ])
    #expect(plan.unreachable.isEmpty)
  }

  @Test("a privilege that nobody can grant is not lost silently")
  func unreachable() {
    let orphan = grant("a", "b")
    let plan = GrantPlan(
      database: "d", owner: "own", wanted: [grant("own", "a", .create, option: true), orphan], present: [])
    #expect(plan.unreachable == [orphan])
  }

  @Test("every privilege is granted once or named as unreachable, whatever the ACL")
  func property() throws {
    let roles = ["own", "a", "b", "c"]
    try Property.check { generator in
      var wanted: Set<DatabaseGrant> = []
      for _ in 0..<generator.int(0...8) {
        let grantee = generator.chance(1, of: 5) ? nil : generator.pick(roles)
        let isGrantable = grantee != nil && generator.chance(1, of: 2)
        wanted.insert(grant(generator.pick(roles), grantee, generator.pick(Privilege.allCases), option: isGrantable))
      }
      let list = wanted.shuffled(using: &generator)
      let plan = GrantPlan(database: "d", owner: "own", wanted: list, present: [])
      let granted = plan.changes.filter { $0.sql.hasPrefix("GRANT") }.count
      try Property.require(granted + plan.unreachable.count == list.count, "\(list)")
      let options = Set(list.filter(\.isGrantable).compactMap { $0.grantee.map { [$0] } })
      try Property.require(
        plan.unreachable.allSatisfy { $0.grantor != "own" }, "the owner can grant everything: \(list), \(options)")
    }
  }

  @Test(
    "lists of names are taken apart as the server does",
    arguments: [
      ("\"$user\", public", ["$user", "public"]), ("Public", ["public"]), ("\"Public\"", ["Public"]),
      ("\"a\"\"b\", \"c,d\"", ["a\"b", "c,d"]), ("\"\"", [""]), ("", []), ("a,", ["a", ""]), ("\"open", ["open"]),
    ])
  func elements(list: String, expected: [String]) {
    #expect(DatabaseSetting.elements(of: list, folding: true) == expected)
  }

  @Test("settings mean the same when they are written in another way")
  func meaning() {
    let written = DatabaseSetting(name: "search_path", value: "\"a\",  b")
    #expect(written.means(DatabaseSetting(name: "search_path", value: "a, b")))
    #expect(!written.means(DatabaseSetting(name: "search_path", value: "\"a,  b\"")))
    #expect(!DatabaseSetting(name: "work_mem", value: "1MB").means(DatabaseSetting(name: "work_mem", value: "1mb")))
    #expect(written.assignment == "SET \"search_path\" TO 'a', 'b'")
  }
}
