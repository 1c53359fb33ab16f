import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

/// A live database with a side database of ten rows beside it, ready to be swapped.
struct SwapScene {
  let server: ScratchPostgres
  let actor: AdminCluster.Actor
  let run = "01hzzzzzzzz0"
  let live: String
  let facts: DatabaseFacts
  let side: SideDatabase
  let sideOID: UInt32
  let retained = WallTime.now + .seconds(3600)

  init(_ actor: AdminCluster.Actor = .superuser, preparing: String = "") throws {
    server = try AdminCluster.shared()
    self.actor = actor
    live = try server.makeDecorated()
    if !preparing.isEmpty { try server.sql(preparing.replacing("LIVE", with: live)) }
    var admin = try server.admin(actor)
    facts = try #require(try DatabaseFacts.read(live, &admin))
    side = SideDatabase(target: live, run: run)
    let mark = Breadcrumb(
      run: run, host: "here", plan: Digest(of: [7]), role: .side, target: live, liveOID: facts.oid, state: .empty,
      undo: "recover undo \(run)")
    sideOID = try side.create(DatabaseCreation(like: facts), breadcrumb: mark, &admin, until: .after(.seconds(30)))
    try server.sql("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 10)", in: side.name)
  }

  var deadline: Deadline { .after(.seconds(40)) }
  var previous: String { SideNames.name(of: .previous, target: live, run: run) }
  var failed: String { SideNames.name(of: .failed, target: live, run: run) }

  func settings(_ application: String = "swapper") throws -> ConnectionSettings {
    try server.settings(user: actor.rawValue).replacing(applicationName: application)
  }

  var swap: DatabaseSwap {
    DatabaseSwap(
      target: live, entering: .init(name: side.name, oid: sideOID, properties: .facts(facts)),
      leaving: .init(oid: facts.oid, name: previous, breadcrumb: breadcrumb(.previous), access: .closed))
  }

  var swapBack: DatabaseSwap {
    DatabaseSwap(
      target: live, entering: .init(name: previous, oid: facts.oid, properties: .facts(facts)),
      leaving: .init(oid: sideOID, name: failed, breadcrumb: breadcrumb(.failed), access: .readOnly))
  }

  func breadcrumb(_ role: SideRole) -> Breadcrumb {
    Breadcrumb(
      run: run, host: "here", plan: Digest(of: [7]), role: role, target: live, liveOID: facts.oid,
      retainUntil: retained, undo: "recover undo \(run)")
  }

  func state(_ swap: DatabaseSwap) throws -> DatabaseSwap.State {
    var admin = try server.admin()
    return try swap.probe(&admin)
  }

  func facts(oid: UInt32) throws -> DatabaseFacts {
    var admin = try server.admin()
    return try #require(try DatabaseFacts.read(oid: oid, &admin))
  }

  func rows(_ database: String, _ table: String = "t") throws -> Int {
    try #require(Int(server.sql("SELECT count(*) FROM \(table)", in: database)))
  }
}
