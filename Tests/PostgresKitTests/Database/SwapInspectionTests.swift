import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("what is in the way of a swap")
struct SwapInspectionTests {
  private let server: ScratchPostgres

  init() throws { server = try AdminCluster.shared() }

  private func look(
    at live: String?, as user: String = "postgres", pooling: Pooling = .direct, expectedWAL: ByteCount? = nil
  ) throws -> SwapInspection {
    var connection = try Connection.administrative(server.settings(user: user))
    let facts = try live.flatMap { try DatabaseFacts.read($0, &connection) }
    return try SwapInspection.look(
      at: facts, creation: facts.map(DatabaseCreation.init(like:)) ?? .serverDefaults, pooling: pooling,
      expectedWAL: expectedWAL, &connection)
  }

  /// Obstacles of this database alone: other tests make slots and standbys at the same time.
  private func kinds(_ inspection: SwapInspection, about subjects: [String]) -> [String] {
    inspection.obstacles.filter { subjects.contains($0.subject) }.map { "\($0.severity) \($0.kind) \($0.subject)" }
  }

  @Test("an ordinary database has nothing in its way", arguments: ["postgres", "own"])
  func clear(user: String) throws {
    let live = try server.makeDecorated()
    #expect(try look(at: live, as: user).refusals.isEmpty)
    #expect(try look(at: nil, as: user).refusals.isEmpty)
  }

  @Test("prepared transactions, logical slots, subscriptions and sessions are named")
  func everything() throws {
    let live = try server.makeDecorated()
    // The slot first: it waits for every transaction that is open, prepared ones too.
    try server.sql("SELECT pg_create_logical_replication_slot('slot_\(live)', 'pgoutput')", in: live)
    try server.sql("BEGIN; CREATE TABLE x (); PREPARE TRANSACTION 'tx_\(live)'", in: live)
    try server.sql(
      "CREATE SUBSCRIPTION sub_\(live) CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)", in: live)
    defer {
      _ = try? server.sql("ROLLBACK PREPARED 'tx_\(live)'", in: live)
      _ = try? server.sql("SELECT pg_drop_replication_slot('slot_\(live)')")
      _ = try? server.sql(
        "ALTER SUBSCRIPTION sub_\(live) SET (slot_name = NONE); DROP SUBSCRIPTION sub_\(live)", in: live)
    }
    var user = try Connection(server.settings(live, user: "app").replacing(applicationName: "shop"))
    try user.execute("BEGIN; SELECT 1")
    let inspection = try look(at: live)
    let subjects = ["tx_\(live)", "slot_\(live)", "sub_\(live)", live]
    #expect(
      kinds(inspection, about: subjects) == [
        "refuse preparedTransaction tx_\(live)", "warn logicalSlot slot_\(live)", "warn subscription sub_\(live)",
        "warn walRetention slot_\(live)", "warn sessions \(live)",
      ])
    let group = try #require(inspection.sessions.first)
    #expect(inspection.sessions.count == 1)
    #expect(
      group.application == "shop" && group.user == "app" && group.state == "idle in transaction" && group.count == 1)
    #expect(group.oldestTransaction != nil)
    #expect(inspection.obstacles.allSatisfy { !$0.hint.isEmpty && !$0.message.isEmpty })
  }

  @Test("a standby is named, and refused as a place to swap")
  func standby() throws {
    let origin = try ScratchPostgres()
    let standby = try StandbyServer(of: origin)
    var primary = try origin.admin()
    let facts = try DatabaseFacts.read("template1", &primary)
    let here = try SwapInspection.look(at: facts, creation: .serverDefaults, pooling: .direct, &primary)
    #expect(here.obstacles.map(\.kind) == [.standby])
    var connection = try Connection.administrative(standby.settings())
    let there = try SwapInspection.look(at: nil, creation: .serverDefaults, pooling: .direct, &connection)
    #expect(there.refusals.map(\.kind) == [.standbyServer])
  }

  @Test("each right that a role lacks is named, with the way to grant it")
  func rights() throws {
    let live = try server.makeDecorated()
    try server.sql(
      """
      ALTER DATABASE \(live) SET log_statement = 'ddl'; ALTER DATABASE \(live) SET "other.note" = 'x';
      ALTER DATABASE \(live) SET session_preload_libraries = ''; ALTER ROLE report IN DATABASE \(live) SET work_mem = '1MB';
      SET ROLE "we ird"; GRANT TEMP ON DATABASE \(live) TO report
      """)
    let owner = try look(at: live, as: "own").refusals.map { "\($0.kind) \($0.subject): \($0.hint)" }
    let elseAdmin = "; or give a superuser's admin-url in the policy"
    #expect(
      owner == [
        "missingRight we ird: GRANT \"we ird\" TO \"own\"\(elseAdmin)",
        "missingRight log_statement: since 15: GRANT SET ON PARAMETER \"log_statement\" TO \"own\"\(elseAdmin)",
        "missingRight other.note: since 15: GRANT SET ON PARAMETER \"other.note\" TO \"own\"\(elseAdmin)",
        "missingRight session_preload_libraries: since 15: GRANT SET ON PARAMETER \"session_preload_libraries\" TO \"own\""
          + elseAdmin,
        "missingRight report: GRANT \"report\" TO \"own\"\(elseAdmin)",
      ])
    let nobody = try look(at: live, as: "nobody").refusals.map(\.message)
    #expect(nobody.contains("role nobody may not create or rename databases"))
    #expect(nobody.contains("role nobody has not the privileges of own, the owner of database \(live)"))
    #expect(try look(at: live).refusals.isEmpty)
  }

  @Test("a session that our role may not end is a refusal that names its user")
  func untouchable() throws {
    let live = try server.makeDecorated()
    let boss = try Connection(server.settings(live, user: "boss"))
    let refusals = try look(at: live, as: "own").refusals
    #expect(refusals.map(\.kind) == [.untouchableSession])
    #expect(refusals.map(\.subject) == [boss.user])
    #expect(try look(at: live).refusals.isEmpty)
  }

  @Test("a pooler is a warning by session and a refusal by transaction")
  func poolers() throws {
    let live = try server.makeDecorated()
    #expect(kinds(try look(at: live, pooling: .session), about: ["session"]) == ["warn pooler session"])
    #expect(kinds(try look(at: live, pooling: .transaction), about: ["transaction"]) == ["refuse pooler transaction"])
  }

  @Test("a grantor who can't grant any more is a warning")
  func grantor() throws {
    let live = try server.makeDecorated()
    let role = ScratchPostgres.uniqueName("granter")
    try server.sql(
      """
      CREATE ROLE \(role); GRANT CONNECT ON DATABASE \(live) TO \(role) WITH GRANT OPTION;
      SET ROLE \(role); GRANT CONNECT ON DATABASE \(live) TO boss; RESET ROLE; ALTER ROLE \(role) SUPERUSER
      """)
    #expect(kinds(try look(at: live), about: [role]) == ["warn grantor \(role)"])
  }
}

@Suite("surroundings of a swap")
struct SwapSurroundingsTests {
  @Test("every danger of the WAL, of standbys and of connections has its obstacle")
  func table() throws {
    var limits = try sampleLimits()
    let calm = SwapSurroundings(
      isInRecovery: false, preparedTransactions: [], slots: [], subscriptions: [], standbys: [],
      isArchivingFailing: false, isBroken: false)
    func kinds(_ surroundings: SwapSurroundings, wal: ByteCount? = nil) -> [SwapObstacle.Kind] {
      surroundings.obstacles(database: "live", limits: limits, expectedWAL: wal).map(\.kind)
    }
    #expect(kinds(calm) == [])
    var slots = calm
    slots.slots = [.init(name: "s", plugin: nil, isOfDatabase: false, isActive: true, retainedBytes: 5)]
    #expect(kinds(slots) == [])
    slots.slots[0].isActive = false
    #expect(kinds(slots) == [.walRetention])
    limits.maxSlotWalKeepSize = ByteCount(10)
    #expect(kinds(slots) == [])
    #expect(kinds(slots, wal: ByteCount(5)) == [])
    #expect(kinds(slots, wal: ByteCount(6)) == [.walRetention])
    var archiving = calm
    archiving.isArchivingFailing = true
    #expect(kinds(archiving) == [])
    limits.archiveMode = "on"
    #expect(kinds(archiving) == [.archiving])
    limits.synchronousStandbyNames = "a"
    #expect(kinds(calm) == [.noSynchronousStandby])
    var standby = calm
    standby.standbys = ["a", "a"]
    #expect(kinds(standby) == [.standby])
    limits.synchronousStandbyNames = ""
    limits.usedConnections = limits.maxConnections - limits.reservedConnections - 3
    #expect(kinds(calm) == [.fewConnections])
    var broken = calm
    broken.isBroken = true
    broken.isInRecovery = true
    limits.usedConnections = 1
    #expect(kinds(broken) == [.standbyServer, .brokenDatabase])
  }

  private func sampleLimits() throws -> ServerLimits {
    var connection = try AdminCluster.shared().admin()
    var limits = try ServerLimits.read(&connection)
    limits.usedConnections = 1
    return limits
  }
}
