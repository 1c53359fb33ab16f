import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("a swap of databases")
struct DatabaseSwapTests {
  @Test(
    "gives the new database every property of the old one, and is taken back", arguments: AdminCluster.Actor.allCases)
  func thereAndBack(actor: AdminCluster.Actor) throws {
    let scene = try SwapScene(actor)
    let before = try scene.server.properties(of: scene.live)
    #expect(before.count > 12)
    #expect(try scene.state(scene.swap) == .notSwapped)
    let report = try scene.swap.perform(scene.settings(), until: scene.deadline)
    #expect(report.attempts == 1 && report.notes.isEmpty && report.blockedNanoseconds > 0)
    #expect(try scene.state(scene.swap) == .swapped)
    #expect(try scene.server.properties(of: scene.live) == before)
    #expect(try scene.rows(scene.live) == 10)
    let restored = try scene.facts(oid: scene.sideOID)
    #expect(restored.name == scene.live && restored.acl == scene.facts.acl && restored.settings == scene.facts.settings)
    let previous = try scene.facts(oid: scene.facts.oid)
    #expect(previous.name == scene.previous && !previous.allowsConnections)
    #expect(Breadcrumb(comment: previous.comment) == scene.breadcrumb(.previous))
    #expect(try scene.swap.perform(scene.settings(), until: scene.deadline).attempts == 0)

    #expect(try scene.state(scene.swapBack) == .notSwapped)
    #expect(try scene.swapBack.perform(scene.settings(), until: scene.deadline).notes.isEmpty)
    #expect(try scene.state(scene.swapBack) == .swapped)
    #expect(try scene.server.properties(of: scene.live) == before)
    #expect(try scene.rows(scene.live) == 3)
    let failed = try scene.facts(oid: scene.sideOID)
    #expect(failed.name == scene.failed && Breadcrumb(comment: failed.comment) == scene.breadcrumb(.failed))
    #expect(try scene.rows(scene.failed) == 10)
    #expect(throws: RecoverError.self) { try scene.server.sql("INSERT INTO t VALUES (1)", in: scene.failed) }
  }

  @Test("brings back what the fence changed", arguments: AdminCluster.Actor.allCases)
  func afterFence(actor: AdminCluster.Actor) throws {
    let scene = try SwapScene(actor)
    let before = try scene.server.properties(of: scene.live)
    var admin = try scene.server.admin(actor)
    let fence = DatabaseFence(database: scene.live, oid: scene.facts.oid)
    _ = try fence.makeReadOnly(&admin, until: scene.deadline)
    _ = try fence.close(&admin, until: scene.deadline)
    _ = try scene.swap.perform(scene.settings(), until: scene.deadline)
    #expect(try scene.server.properties(of: scene.live) == before)
    _ = try scene.swapBack.perform(scene.settings(), until: scene.deadline)
    #expect(try scene.server.properties(of: scene.live) == before)
    #expect(try scene.facts(oid: scene.facts.oid).differs(from: scene.facts).isEmpty)
  }

  @Test("takes over what a superuser alone may set, labels aside")
  func superuserSettings() throws {
    let scene = try SwapScene(
      .superuser,
      preparing: """
        ALTER DATABASE LIVE SET log_statement = 'ddl'; ALTER DATABASE LIVE SET session_preload_libraries = 'a b', 'c,d';
        ALTER ROLE boss IN DATABASE LIVE SET work_mem = '9MB'; REVOKE ALL ON DATABASE LIVE FROM own;
        """)
    // No session starts with a library that is not there: read the catalog instead of pg_dump.
    #expect(try scene.swap.perform(scene.settings(), until: scene.deadline).notes.isEmpty)
    let after = try scene.facts(oid: scene.sideOID)
    #expect(after.settings == scene.facts.settings)
    #expect(after.roleSettings == scene.facts.roleSettings)
    #expect(after.acl == scene.facts.acl)
  }

  @Test(
    "loses no acknowledged row and needs no pause of eight reconnecting clients", arguments: AdminCluster.Actor.allCases
  )
  func underLoad(actor: AdminCluster.Actor) throws {
    let scene = try SwapScene(actor)
    // The same table, so that the clients go on in the new database.
    try scene.server.sql(
      "CREATE TABLE hits (id bigserial PRIMARY KEY); GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC",
      in: scene.side.name)
    let counts = try Clients.hammering(scene.server, scene.live) { clients in
      _ = try scene.swap.perform(scene.settings(), until: scene.deadline)
      let between = clients.now.written
      clients.wait { $0.written > between + 20 }
      _ = try scene.swapBack.perform(scene.settings(), until: scene.deadline)
      let after = clients.now.written
      clients.wait { $0.written > after + 20 }
      return clients
    }.now
    let kept = try scene.rows(scene.live, "hits") + scene.rows(scene.failed, "hits")
    // A row can be there whose client was ended before it heard of it, at most one a client and swap.
    #expect((counts.written...counts.written + 16).contains(kept))
    #expect(try scene.rows(scene.failed, "hits") > 20)
  }

  @Test(
    "ends at once who connects after the others were ended, while RENAME waits", arguments: AdminCluster.Actor.allCases)
  func latecomer(actor: AdminCluster.Actor) throws {
    let scene = try SwapScene(actor)
    var latecomer: Connection?
    let report = try scene.swap.perform(scene.settings(), until: scene.deadline) { point in
      guard point == .propertiesCopied else { return }
      latecomer = try Connection(scene.server.settings(scene.live, user: "app"))
    }
    guard var ended = latecomer.take() else {
      Issue.record("the point was not reached")
      return
    }
    #expect(throws: RecoverError.self) { try ended.execute("SELECT 1") }
    #expect(report.ended == 1)
    #expect(report.attempts == 1)
  }

  @Test("that is stopped anywhere leaves all as it was or all done", arguments: DatabaseSwap.Point.allCases)
  func crash(point: DatabaseSwap.Point) throws {
    struct Crash: Error {}
    let scene = try SwapScene(.owner)
    let before = try scene.server.properties(of: scene.live)
    #expect(throws: Crash.self) {
      try scene.swap.perform(scene.settings(), until: scene.deadline) { if $0 == point { throw Crash() } }
    }
    if point == .afterCommit {
      #expect(try scene.state(scene.swap) == .swapped)
    } else {
      #expect(try scene.state(scene.swap) == .notSwapped)
      #expect(try scene.facts(oid: scene.facts.oid) == scene.facts)
      #expect(Breadcrumb(comment: try scene.facts(oid: scene.sideOID).comment)?.role == .side)
    }
    #expect(try scene.swap.perform(scene.settings(), until: scene.deadline).attempts == (point == .afterCommit ? 0 : 1))
    #expect(try scene.server.properties(of: scene.live) == before)
  }

  @Test("whose backend is killed goes on by itself", arguments: DatabaseSwap.Point.allCases)
  func killed(point: DatabaseSwap.Point) throws {
    let scene = try SwapScene(.owner)
    let before = try scene.server.properties(of: scene.live)
    let application = "swap \(scene.live)"
    var kills = 0
    let report = try scene.swap.perform(scene.settings(application), until: scene.deadline) { reached in
      guard reached == point, kills == 0 else { return }
      kills += 1
      try scene.server.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '\(application)'")
    }
    #expect(kills == 1)
    #expect(report.attempts == (point == .afterCommit ? 1 : 2))
    #expect(try scene.state(scene.swap) == .swapped)
    #expect(try scene.server.properties(of: scene.live) == before)
  }

  @Test("refuses a prepared transaction by name, in either database, and changes nothing", arguments: [true, false])
  func prepared(isInLive: Bool) throws {
    let scene = try SwapScene()
    let database = isInLive ? scene.live : scene.side.name
    try scene.server.sql("BEGIN; CREATE TABLE x (); PREPARE TRANSACTION 'tx \(database)'", in: database)
    let error = #expect(throws: RecoverError.self) {
      try scene.swap.perform(scene.settings(), until: scene.deadline)
    }
    #expect(error?.code == .stepFailed)
    #expect(error?.message.contains("tx \(database)") == true)
    #expect(try scene.state(scene.swap) == .notSwapped)
    try scene.server.sql("ROLLBACK PREPARED 'tx \(database)'", in: database)
    #expect(try scene.swap.perform(scene.settings(), until: scene.deadline).attempts == 1)
  }

  @Test("by an owner names the superuser whose session is in the way, and goes through when it has left")
  func superuserSession() throws {
    let scene = try SwapScene(.owner)
    do {
      let boss = try Connection(scene.server.settings(scene.live, user: "boss"))
      let error = #expect(throws: RecoverError.self) {
        try scene.swap.perform(scene.settings(), until: .after(.seconds(2)))
      }
      #expect(error?.code == .busy)
      #expect(error?.message.contains("as boss") == true)
      #expect(boss.user == "boss")
    }
    _ = try scene.swap.perform(scene.settings(), until: scene.deadline)
    #expect(try scene.state(scene.swap) == .swapped)
  }

  @Test("notices that somebody renamed a database, and touches nothing")
  func renamed() throws {
    let scene = try SwapScene()
    try scene.server.sql("ALTER DATABASE \(scene.side.name) RENAME TO \(scene.live)_moved")
    let error = #expect(throws: RecoverError.self) { try scene.swap.perform(scene.settings(), until: scene.deadline) }
    #expect(error?.code == .wrongTarget)
    #expect(error?.message.contains("there is no \(scene.side.name)") == true)
    guard case .unknown = try scene.state(scene.swap) else {
      Issue.record("not unknown")
      return
    }
    #expect(try scene.facts(oid: scene.facts.oid) == scene.facts)
  }

  @Test("says which property a role may not copy, and how to let it")
  func missingRight() throws {
    let scene = try SwapScene(.owner, preparing: "ALTER ROLE report IN DATABASE LIVE SET work_mem = '9MB'")
    let error = #expect(throws: RecoverError.self) { try scene.swap.perform(scene.settings(), until: scene.deadline) }
    #expect(error?.code == .missingRequirement)
    #expect(error?.message == "role own may not copy the settings of role report")
    #expect(error?.hint?.hasPrefix("GRANT \"report\" TO \"own\"") == true)
    #expect(try scene.state(scene.swap) == .notSwapped)
  }

  @Test("notes a privilege whose grantor can't grant it any more, and swaps all the same")
  func lostGrantor() throws {
    let role = ScratchPostgres.uniqueName("granter")
    let scene = try SwapScene(
      .superuser,
      preparing: """
        CREATE ROLE \(role); GRANT CONNECT ON DATABASE LIVE TO \(role) WITH GRANT OPTION;
        SET ROLE \(role); GRANT CONNECT ON DATABASE LIVE TO boss; RESET ROLE; ALTER ROLE \(role) SUPERUSER
        """)
    let report = try scene.swap.perform(scene.settings(), until: scene.deadline)
    #expect(report.notes == ["the privileges of database \(scene.live) are not exactly what they were"])
    #expect(try scene.server.sql("SELECT has_database_privilege('boss', '\(scene.live)', 'CONNECT')") == "t")
  }

  @Test("refuses to run over a connection to the database itself")
  func inside() throws {
    let scene = try SwapScene()
    let error = #expect(throws: RecoverError.self) {
      try scene.swap.perform(scene.settings().replacing(database: scene.live), until: scene.deadline)
    }
    #expect(error?.code == .usage)
  }
}

@Suite("a swap without a live database")
struct FirstSwapTests {
  @Test(
    "gives the name and what the dump says of the database, and is taken back", arguments: AdminCluster.Actor.allCases)
  func newTarget(actor: AdminCluster.Actor) throws {
    let server = try AdminCluster.shared()
    let target = ScratchPostgres.uniqueName("fresh")
    let side = SideDatabase(target: target, run: "01hzzzzzzzz0")
    var admin = try server.admin(actor)
    func breadcrumb(_ role: SideRole) -> Breadcrumb {
      Breadcrumb(
        run: side.run, host: "here", plan: Digest(of: [7]), role: role, target: target, liveOID: nil,
        undo: "recover undo")
    }
    let oid = try side.create(
      DatabaseCreation(owner: "own"), breadcrumb: breadcrumb(.side), &admin, until: .after(.seconds(30)))
    let statements = [
      "COMMENT ON DATABASE \(target) IS 'fresh'", "ALTER DATABASE \(target) SET work_mem TO '5MB'",
      "GRANT CONNECT ON DATABASE \(target) TO app WITH GRANT OPTION",
    ]
    let swap = DatabaseSwap(
      target: target, entering: .init(name: side.name, oid: oid, properties: .statements(statements)), leaving: nil)
    #expect(try swap.probe(&admin) == .notSwapped)
    let settings = try server.settings(user: actor.rawValue)
    #expect(try swap.perform(settings, until: .after(.seconds(30))).attempts == 1)
    #expect(try swap.probe(&admin) == .swapped)
    let facts = try #require(try DatabaseFacts.read(target, &admin))
    #expect(facts.oid == oid && facts.comment == "fresh" && facts.settings.map(\.value) == ["5MB"])
    #expect(facts.grants.contains { $0.grantee == "app" && $0.isGrantable })
    let back = DatabaseSwap(
      target: target, entering: nil,
      leaving: .init(
        oid: oid, name: SideNames.name(of: .failed, target: target, run: side.run), breadcrumb: breadcrumb(.failed),
        access: .readOnly))
    #expect(try back.probe(&admin) == .notSwapped)
    _ = try back.perform(settings, until: .after(.seconds(30)))
    #expect(try back.probe(&admin) == .swapped)
    #expect(try DatabaseFacts.oid(of: target, &admin) == nil)
  }

  @Test("keeps the side database and its mark when a statement of the dump fails")
  func badStatement() throws {
    let server = try AdminCluster.shared()
    let target = ScratchPostgres.uniqueName("fresh")
    let side = SideDatabase(target: target, run: "01hzzzzzzzz0")
    var admin = try server.admin()
    let mark = Breadcrumb(
      run: side.run, host: "here", plan: Digest(of: [7]), role: .side, target: target, liveOID: nil,
      undo: "recover undo")
    let oid = try side.create(.serverDefaults, breadcrumb: mark, &admin, until: .after(.seconds(30)))
    let statements = ["GRANT CONNECT ON DATABASE \(target) TO no_such_role"]
    let swap = DatabaseSwap(
      target: target, entering: .init(name: side.name, oid: oid, properties: .statements(statements)), leaving: nil)
    let error = #expect(throws: RecoverError.self) { try swap.perform(server.settings(), until: .after(.seconds(30))) }
    #expect(error?.sqlState == .undefinedObject)
    #expect(try side.probe(&admin) == .ours(oid: oid, mark))
  }
}
