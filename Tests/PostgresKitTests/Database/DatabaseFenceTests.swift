import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("a fence around a database")
struct DatabaseFenceTests {
  private let server: ScratchPostgres
  private let deadline = Deadline.after(.seconds(30))

  init() throws { server = try AdminCluster.shared() }

  private func facts(_ database: String, _ connection: inout Connection) throws -> DatabaseFacts {
    try #require(try DatabaseFacts.read(database, &connection))
  }

  @Test("closed: nobody stays, nobody gets in; opened again, all is as before", arguments: AdminCluster.Actor.allCases)
  func close(actor: AdminCluster.Actor) throws {
    let live = try server.makeDecorated()
    var admin = try server.admin(actor)
    let before = try facts(live, &admin)
    let fence = DatabaseFence(database: live, oid: before.oid)
    #expect(try fence.probe(&admin) == .open)
    var user = try Connection(server.settings(live, user: "app"))
    for attempt in 1...2 {
      let report = try fence.close(&admin, until: deadline)
      #expect(report.isTight)
      #expect(report.ended == (attempt == 1 ? 1 : 0))
      #expect(try fence.probe(&admin) == .closed)
    }
    #expect(throws: RecoverError.self) { try user.execute("SELECT 1") }
    #expect(throws: RecoverError.self) { _ = try Connection(server.settings(live)) }
    for _ in 1...2 {
      #expect(try fence.reopen(as: before, &admin, until: deadline).isTight)
      #expect(try fence.probe(&admin) == .open)
    }
    let after = try facts(live, &admin)
    #expect(after.differs(from: before).isEmpty)
    #expect(after.acl == before.acl && after.settings == before.settings)
    _ = try Connection(server.settings(live, user: "app"))
  }

  @Test("read-only: new transactions can't write; opened again, they can", arguments: AdminCluster.Actor.allCases)
  func readOnly(actor: AdminCluster.Actor) throws {
    let live = try server.makeDecorated()
    var admin = try server.admin(actor)
    let before = try facts(live, &admin)
    let fence = DatabaseFence(database: live, oid: before.oid)
    var user = try Connection(server.settings(live, user: "own"))
    #expect(try fence.makeReadOnly(&admin, until: deadline).ended == 1)
    #expect(try fence.probe(&admin) == .readOnly)
    #expect(throws: RecoverError.self) { try user.execute("SELECT 1") }
    user = try Connection(server.settings(live, user: "own"))
    let error = #expect(throws: RecoverError.self) { try user.execute("CREATE TABLE x ()") }
    #expect(error?.sqlState == "25006")
    #expect(try fence.reopen(as: before, &admin, until: deadline).ended == 1)
    #expect(try facts(live, &admin).differs(from: before).isEmpty)
    user = try Connection(server.settings(live, user: "own"))
    try user.execute("CREATE TEMP TABLE x ()")
  }

  @Test("read-only reports the roles that go by a setting of their own")
  func writingRole() throws {
    let live = try server.makeDecorated()
    try server.sql("ALTER ROLE app IN DATABASE \(live) SET default_transaction_read_only = off")
    var admin = try server.admin()
    let before = try facts(live, &admin)
    let report = try DatabaseFence(database: live, oid: before.oid).makeReadOnly(&admin, until: deadline)
    #expect(report.writingRoles == ["app"])
    #expect(!report.isTight)
  }

  @Test("a database that was closed or read-only before the fence is so again after it")
  func restores() throws {
    let live = try server.makeDecorated()
    try server.sql(
      "ALTER DATABASE \(live) SET default_transaction_read_only = on; ALTER DATABASE \(live) ALLOW_CONNECTIONS false")
    var admin = try server.admin()
    let before = try facts(live, &admin)
    let fence = DatabaseFence(database: live, oid: before.oid)
    _ = try fence.close(&admin, until: deadline)
    _ = try fence.reopen(as: before, &admin, until: deadline)
    #expect(try facts(live, &admin).differs(from: before).isEmpty)
    #expect(try fence.probe(&admin) == .closed)
  }

  @Test("a superuser's session that an owner can't end is reported, and the fence stands")
  func superuserStays() throws {
    let live = try server.makeDecorated()
    var admin = try server.admin(.owner)
    let before = try facts(live, &admin)
    let fence = DatabaseFence(database: live, oid: before.oid)
    var boss = try Connection(server.settings(live, user: "boss"))
    let report = try fence.close(&admin, until: deadline)
    #expect(report.untouchable.map(\.user) == ["boss"])
    #expect(!report.isTight)
    #expect(try boss.value("SELECT 1") == "1")
  }

  @Test("another database under the name is left alone")
  func wrongOID() throws {
    let live = try server.makeDecorated()
    var admin = try server.admin()
    let before = try facts(live, &admin)
    let fence = DatabaseFence(database: live, oid: before.oid + 1_000_000)
    let error = #expect(throws: RecoverError.self) { _ = try fence.close(&admin, until: deadline) }
    #expect(error?.code == .wrongTarget)
    #expect(try fence.probe(&admin) == .absent)
    #expect(try facts(live, &admin) == before)
  }

  @Test("reconnecting clients do not keep a database open")
  func reconnecting() throws {
    let live = try server.makeDecorated()
    var admin = try server.admin()
    let before = try facts(live, &admin)
    let fence = DatabaseFence(database: live, oid: before.oid)
    try Clients.hammering(server, live) { _ in
      #expect(try fence.close(&admin, until: deadline).isTight)
      // RENAME refuses where a single backend has the database open, listed or not.
      let rename = try admin.execute("ALTER DATABASE \(live) RENAME TO \(live)_proof")
      #expect(rename.tag == "ALTER DATABASE")
    }
  }
}
