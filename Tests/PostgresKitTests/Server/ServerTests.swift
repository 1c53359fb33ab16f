import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("what a server tells of itself")
struct ServerTests {
  private let server: ScratchPostgres

  init() throws { server = try AdminCluster.shared() }

  @Test("identity and limits", arguments: AdminCluster.Actor.allCases)
  func identity(actor: AdminCluster.Actor) throws {
    var connection = try server.admin(actor)
    let identity = try ServerIdentity.read(&connection)
    #expect(identity.systemIdentifier == (try server.sql("SELECT system_identifier FROM pg_control_system()")))
    #expect(identity.timeline == 1)
    #expect(identity.address == "127.0.0.1")
    #expect(identity.port == server.port)
    #expect(!identity.isInRecovery)
    #expect(identity.version == connection.serverVersion)
    #expect(identity.maintenanceDatabase == "postgres")
    #expect(identity.startedAt < .now && identity.startedAt > WallTime.now + .seconds(-3600))
    #expect(identity.dataDirectory == (actor == .superuser ? server.data : nil))
    #expect(try identity.differs(from: ServerIdentity.read(&connection)).isEmpty)
    let limits = try ServerLimits.read(&connection)
    #expect(limits.maxConnections == 200)
    #expect(limits.reservedConnections == 3)
    #expect((1..<197).contains(limits.freeConnections))
    #expect(limits.sharedBuffers == ByteCount(64 << 20))
    #expect(limits.maxSlotWalKeepSize == nil)
    #expect(limits.walLevel == "logical")
  }

  @Test("a promoted clone is told from its origin, and refused by name of what differs")
  func clone() throws {
    let origin = try ScratchPostgres()
    let identity = try readIdentity(origin)
    let clone = try StandbyServer(of: origin)
    var cloned = try Connection.administrative(clone.settings())
    let standby = try ServerIdentity.read(&cloned)
    #expect(standby.isInRecovery)
    #expect(Set(standby.differs(from: identity).map(\.part)).isSuperset(of: [.isInRecovery, .port, .dataDirectory]))
    #expect(try cloned.value("SELECT pg_promote()") == "t")
    let promoted = try ServerIdentity.read(&cloned)
    #expect(promoted.systemIdentifier == identity.systemIdentifier)
    #expect(promoted.timeline == 2)
    let error = #expect(throws: RecoverError.self) { try promoted.check(isServer: identity) }
    #expect(error?.code == .wrongTarget)
    #expect(error?.message.contains("timeline is 2, not 1") == true)
  }

  @Test("a restart is a difference, but no other server")
  func restart() throws {
    let server = try ScratchPostgres()
    let before = try readIdentity(server)
    try server.restart()
    let after = try readIdentity(server)
    #expect(after.differs(from: before).map(\.part) == [.startedAt])
    try after.check(isServer: before)
  }

  private func readIdentity(_ server: ScratchPostgres) throws -> ServerIdentity {
    var connection = try server.admin()
    return try ServerIdentity.read(&connection)
  }

  @Test("the rights of a superuser and of an owner")
  func accounts() throws {
    var connection = try server.admin()
    #expect(try Account.read(&connection).isSuperuser)
    var other = try server.admin(.owner)
    let owner = try Account.read(&other)
    #expect(owner.name == "own")
    #expect(owner.mayCreateDatabases && !owner.isSuperuser && !owner.mayCreateRoles && !owner.maySignal)
  }

  @Test("what a dump needs and the server lacks or denies is named with a way out")
  func requirements() throws {
    var connection = try server.admin(.owner)
    let account = try Account.read(&connection)
    let needs = Requirements(
      roles: ["own", "ghost", "postgres"], owners: ["own", "ghost", "postgres", "pg_database_owner"],
      extensions: ["plpgsql", "no_such_extension"],
      languages: ["sql", "plpgsql", "plmystery"],
      tablespaces: ["pg_default", "nowhere", "pg_global"], encodings: ["UTF8", "utf-8", "LATIN1", "KLINGON"],
      accessMethods: ["heap", "btree", "columnar"])
    let unmet = try needs.unmet(account, &connection)
    #expect(
      unmet.map { "\($0.kind) \($0.name) \($0.isDenied)" } == [
        "role ghost false", "role postgres true", "extension no_such_extension false", "language plmystery false",
        "tablespace nowhere false",
        "tablespace pg_global true", "encoding KLINGON false", "accessMethod columnar false",
      ])
    #expect(unmet.allSatisfy { !$0.hint.isEmpty })
  }

  @Test("the free space of a server on this machine is known, that of another one is not")
  func freeSpace() throws {
    var connection = try server.admin()
    let identity = try ServerIdentity.read(&connection)
    guard case .known(let free, let path) = try DiskSpace.look(identity: identity, &connection) else {
      Issue.record("unknown")
      return
    }
    #expect(free > ByteCount(0) && path == server.data)
    var elsewhere = identity
    elsewhere.systemIdentifier = "1"
    guard case .unknown = try DiskSpace.look(identity: elsewhere, &connection) else {
      Issue.record("known, but it is another server's")
      return
    }
    guard case .known(_, "/tmp") = try DiskSpace.look(path: "/tmp", identity: elsewhere, &connection) else {
      Issue.record("the caller's path is not used")
      return
    }
    let error = #expect(throws: RecoverError.self) {
      _ = try DiskSpace.look(path: "/no/such", identity: identity, &connection)
    }
    #expect(error?.code == .policyInvalid)
  }
}
