import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("cleaning up after runs")
struct CleanupTests {
  private func item(_ scene: SwapScene, _ name: String, at time: WallTime = .now) throws -> Cleanup.Item? {
    var admin = try scene.server.admin(scene.actor)
    return try Cleanup.survey(at: time, &admin).first { $0.database.name == name }
  }

  @Test(
    "a previous database is kept until its retention ends, and dropped after it", arguments: AdminCluster.Actor.allCases
  )
  func retention(actor: AdminCluster.Actor) throws {
    let scene = try SwapScene(actor)
    #expect(try item(scene, scene.side.name)?.standing == .ofRun)
    _ = try scene.swap.perform(scene.settings(), until: scene.deadline)
    let kept = try #require(try item(scene, scene.previous))
    #expect(kept.standing == .kept(until: scene.retained))
    #expect(kept.database.oid == scene.facts.oid && kept.database.breadcrumb.role == .previous)
    var admin = try scene.server.admin(actor)
    let early = #expect(throws: RecoverError.self) { try Cleanup.drop(kept.database, &admin, until: scene.deadline) }
    #expect(early?.code == .checkFailed)
    let later = scene.retained + .seconds(1)
    #expect(try item(scene, scene.previous, at: later)?.standing == .due)
    #expect(try Cleanup.drop(kept.database, at: later, &admin, until: scene.deadline))
    #expect(try !Cleanup.drop(kept.database, at: later, &admin, until: scene.deadline))
    #expect(try scene.rows(scene.live) == 10)
  }

  @Test("a side database goes only when its run is known to be over")
  func abandoned() throws {
    let scene = try SwapScene()
    var admin = try scene.server.admin()
    let found = try #require(try item(scene, scene.side.name))
    let error = #expect(throws: RecoverError.self) {
      try Cleanup.drop(found.database, at: scene.retained + .seconds(1), &admin, until: scene.deadline)
    }
    #expect(error?.code == .checkFailed)
    #expect(try Cleanup.drop(found.database, isAbandoned: true, &admin, until: scene.deadline))
  }

  @Test("the last copy of a database is not dropped, nor one that changed since it was listed")
  func lastCopy() throws {
    let scene = try SwapScene()
    _ = try scene.swap.perform(scene.settings(), until: scene.deadline)
    let found = try #require(try item(scene, scene.previous))
    var admin = try scene.server.admin()
    let later = scene.retained + .seconds(1)
    try scene.server.sql("ALTER DATABASE \(scene.live) RENAME TO \(scene.live)_away")
    let last = #expect(throws: RecoverError.self) {
      try Cleanup.drop(found.database, at: later, &admin, until: scene.deadline)
    }
    #expect(last?.code == .checkFailed)
    try scene.server.sql("ALTER DATABASE \(scene.live)_away RENAME TO \(scene.live)")
    try scene.server.sql("COMMENT ON DATABASE \(scene.previous) IS 'mine now'")
    let changed = #expect(throws: RecoverError.self) {
      try Cleanup.drop(found.database, at: later, &admin, until: scene.deadline)
    }
    #expect(changed?.code == .wrongTarget)
    #expect(try item(scene, scene.previous) == nil)
  }
}

@Suite("a recovery in place")
struct InPlaceTests {
  @Test(
    "drops the live database and gives its name and properties to the loaded one",
    arguments: AdminCluster.Actor.allCases)
  func replaces(actor: AdminCluster.Actor) throws {
    let scene = try SwapScene(actor)
    let before = try scene.server.properties(of: scene.live)
    let inPlace = InPlace(scene.facts)
    var admin = try scene.server.admin(actor)
    var user = try Connection(scene.server.settings(scene.live, user: "app"))
    #expect(try inPlace.probe(&admin) == .live)
    try inPlace.drop(&admin, until: scene.deadline)
    try inPlace.drop(&admin, until: scene.deadline)
    #expect(throws: RecoverError.self) { try user.execute("SELECT 1") }
    #expect(try inPlace.probe(&admin) == .dropped)
    let swap = inPlace.swap(side: scene.side.name, oid: scene.sideOID)
    #expect(try swap.perform(scene.settings(), until: scene.deadline).notes.isEmpty)
    #expect(try inPlace.probe(&admin) == .other)
    #expect(try scene.server.properties(of: scene.live) == before)
    #expect(try scene.rows(scene.live) == 10)
    let error = #expect(throws: RecoverError.self) { try inPlace.drop(&admin, until: scene.deadline) }
    #expect(error?.code == .wrongTarget)
  }
}
