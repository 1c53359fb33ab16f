import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("a side database")
struct SideDatabaseTests {
  private let server: ScratchPostgres
  private let deadline = Deadline.after(.seconds(30))

  init() throws { server = try AdminCluster.shared() }

  private func breadcrumb(_ target: String, _ run: String, _ role: SideRole = .side) -> Breadcrumb {
    Breadcrumb(
      run: run, host: "here", plan: Digest(of: [7]), role: role, target: target, liveOID: nil, state: .empty,
      undo: "recover undo \(run)")
  }

  @Test("is made like the live one, marked, found again, and dropped", arguments: AdminCluster.Actor.allCases)
  func life(actor: AdminCluster.Actor) throws {
    let live = try server.makeDecorated()
    var admin = try server.admin(actor)
    let facts = try #require(try DatabaseFacts.read(live, &admin))
    let side = SideDatabase(target: live, run: "01hzzzzzzzz0")
    #expect(try side.probe(&admin) == .absent)
    let mark = breadcrumb(live, side.run)
    let oid = try side.create(DatabaseCreation(like: facts), breadcrumb: mark, &admin, until: deadline)
    #expect(try side.probe(&admin) == .ours(oid: oid, mark))
    #expect(try side.create(DatabaseCreation(like: facts), breadcrumb: mark, &admin, until: deadline) == oid)
    let made = try #require(try DatabaseFacts.read(oid: oid, &admin))
    #expect(made.differs(from: facts) == [.connectionLimit, .grants, .settings, .roleSettings, .comment])
    #expect(made.owner == "own" && made.locale.name == "de-DE-x-icu" && made.allowsConnections)
    #expect(try side.isEmpty(server.settings(user: actor.rawValue)))
    try side.mark(.loading, &admin)
    try server.sql("CREATE TABLE t ()", in: side.name)
    #expect(try !side.isEmpty(server.settings(user: actor.rawValue)))
    try side.mark(.loaded, &admin)
    guard case .ours(oid, let found) = try side.probe(&admin) else {
      Issue.record("not found again")
      return
    }
    #expect(found.state == .loaded)
    #expect(try MarkedDatabase.list(&admin).contains { $0.oid == oid && $0.breadcrumb == found })
    var user = try Connection(server.settings(side.name, user: "app"))
    #expect(try side.drop(oid: oid, &admin, until: deadline))
    #expect(throws: RecoverError.self) { try user.execute("SELECT 1") }
    #expect(try !side.drop(oid: oid, &admin, until: deadline))
  }

  @Test("of somebody else is neither taken nor dropped")
  func foreign() throws {
    let target = ScratchPostgres.uniqueName("shop")
    let side = SideDatabase(target: target, run: "01hzzzzzzzz0")
    try server.sql("CREATE DATABASE \(side.name)")
    var admin = try server.admin()
    let create = #expect(throws: RecoverError.self) {
      try side.create(.serverDefaults, breadcrumb: breadcrumb(target, side.run), &admin, until: deadline)
    }
    #expect(create?.code == .wrongTarget)
    let drop = #expect(throws: RecoverError.self) { try side.drop(&admin, until: deadline) }
    #expect(drop?.code == .wrongTarget)
    #expect(try DatabaseFacts.oid(of: side.name, &admin) != nil)
  }

  @Test("of another run under our name is not ours, nor one with another OID than the journal's")
  func otherRun() throws {
    let target = ScratchPostgres.uniqueName("shop")
    let side = SideDatabase(target: target, run: "01hzzzzzzzz0")
    var admin = try server.admin()
    let oid = try side.create(.serverDefaults, breadcrumb: breadcrumb(target, "01hzzzzzzzz1"), &admin, until: deadline)
    guard case .foreign(oid, _) = try side.probe(&admin) else {
      Issue.record("taken for ours")
      return
    }
    let own = SideDatabase(name: side.name, run: "01hzzzzzzzz1")
    #expect(throws: RecoverError.self) { try own.drop(oid: oid + 1_000_000, &admin, until: deadline) }
    #expect(try own.drop(oid: oid, &admin, until: deadline))
  }

  @Test("that was made but not marked yet is recognised, and made anew")
  func unmarked() throws {
    let target = ScratchPostgres.uniqueName("shop")
    let side = SideDatabase(target: target, run: "01hzzzzzzzz0")
    var admin = try server.admin(.owner)
    // What a crash after CREATE DATABASE leaves: the marks that the statement itself sets.
    let oid = try side.create(.serverDefaults, breadcrumb: breadcrumb(target, side.run), &admin, until: deadline)
    let name = side.name
    try server.sql(
      """
      ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS false CONNECTION LIMIT \(side.creationMark);
      COMMENT ON DATABASE \(name) IS NULL
      """)
    #expect(try side.probe(&admin) == .unmarked(oid: oid))
    let second = try side.create(.serverDefaults, breadcrumb: breadcrumb(target, side.run), &admin, until: deadline)
    #expect(second != oid)
    #expect(try side.drop(oid: second, &admin, until: deadline))
  }

  @Test("that may not be made names each right that is missing")
  func rights() throws {
    var admin = try Connection.administrative(server.settings(user: "nobody"))
    let side = SideDatabase(target: ScratchPostgres.uniqueName("shop"), run: "01hzzzzzzzz0")
    let error = #expect(throws: RecoverError.self) {
      try side.create(
        DatabaseCreation(owner: "own"), breadcrumb: breadcrumb("shop", side.run), &admin, until: deadline)
    }
    #expect(error?.code == .missingRequirement)
    #expect(error?.message.contains("role nobody may not create or rename databases") == true)
    #expect(error?.message.contains("role nobody may not act as own") == true)
    #expect(error?.hint?.contains("CREATEDB") == true)
  }

  @Test("with a prepared transaction is not dropped, and the error says why")
  func prepared() throws {
    let target = ScratchPostgres.uniqueName("shop")
    let side = SideDatabase(target: target, run: "01hzzzzzzzz0")
    var admin = try server.admin()
    let oid = try side.create(.serverDefaults, breadcrumb: breadcrumb(target, side.run), &admin, until: deadline)
    try server.sql("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION '\(target)'", in: side.name)
    let error = #expect(throws: RecoverError.self) { try side.drop(oid: oid, &admin, until: deadline) }
    #expect(error?.code == .busy)
    #expect(error?.hint?.contains("ROLLBACK PREPARED") == true)
    try server.sql("ROLLBACK PREPARED '\(target)'", in: side.name)
    #expect(try side.drop(oid: oid, &admin, until: deadline))
  }
}
