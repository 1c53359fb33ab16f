import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("sessions and locks of a run")
struct SessionsTests {
  private let server: ScratchPostgres

  init() throws { server = try AdminCluster.shared() }

  private func connection(_ application: String, user: String = "own") throws -> Connection {
    try Connection.administrative(server.settings(user: user).replacing(applicationName: application))
  }

  @Test(
    "earlier epochs of a run are ended and proved gone, others are left alone", arguments: AdminCluster.Actor.allCases)
  func epochs(actor: AdminCluster.Actor) throws {
    let run = ScratchPostgres.uniqueName("run").replacing("_", with: "")
    var old = try connection("recover/\(run)/1")
    var worker = try connection("recover/\(run)/2/worker 3")
    var current = try connection("recover/\(run)/3")
    var other = try connection("recover/\(run)x/1")
    var odd = try connection("recover/\(run)/99999999999999999999")
    var admin = try server.admin(actor)
    try Sessions.endEarlierEpochs(of: run, before: 3, &admin, until: .after(.seconds(20)))
    #expect(try ServerSession.list(.run(run, before: 3), &admin).isEmpty)
    #expect(throws: RecoverError.self) { try old.execute("SELECT 1") }
    #expect(throws: RecoverError.self) { try worker.execute("SELECT 1") }
    #expect(try current.value("SELECT 1") == "1")
    #expect(try other.value("SELECT 1") == "1")
    #expect(try odd.value("SELECT 1") == "1")
  }

  @Test("a session that we may not end is named with the right that is missing")
  func untouchable() throws {
    let run = ScratchPostgres.uniqueName("run").replacing("_", with: "")
    var boss = try connection("recover/\(run)/1", user: "boss")
    var admin = try server.admin(.owner)
    let error = #expect(throws: RecoverError.self) {
      try Sessions.endEarlierEpochs(of: run, before: 2, &admin, until: .after(.seconds(20)))
    }
    #expect(error?.code == .busy)
    #expect(error?.message.contains("as boss") == true)
    #expect(error?.hint?.contains("superuser") == true)
    #expect(try boss.value("SELECT 1") == "1")
  }

  @Test("only one holds the lock of a database, from whatever maintenance database, and the other learns who")
  func lock() throws {
    let target = ScratchPostgres.uniqueName("shop")
    let lock = try AdvisoryLock.take(
      server.settings(user: "own").replacing(applicationName: "recover/01hzzzzzzzz0/4"), database: target,
      systemIdentifier: "7")
    #expect(lock.isHeld())
    for database in ["postgres", "template1"] {
      let error = #expect(throws: RecoverError.self) {
        _ = try AdvisoryLock.take(server.settings(database), database: target, systemIdentifier: "7")
      }
      #expect(error?.code == .claimed)
      #expect(error?.message.contains("recover/01hzzzzzzzz0/4 as own from 127.0.0.1") == true)
    }
    _ = try AdvisoryLock.take(server.settings(), database: target + "x", systemIdentifier: "7")
    var admin = try server.admin()
    let holders = try AdvisoryLock.holders(database: target, systemIdentifier: "7", &admin)
    #expect(holders.map(\.applicationName) == ["recover/01hzzzzzzzz0/4"])
    lock.release()
    #expect(!lock.isHeld())
    #expect(try AdvisoryLock.holders(database: target, systemIdentifier: "7", &admin).isEmpty)
    let next = try AdvisoryLock.take(server.settings(), database: target, systemIdentifier: "7")
    #expect(next.isHeld())
  }

  @Test("a lock whose session was ended is not held any more")
  func lostLock() throws {
    let target = ScratchPostgres.uniqueName("shop")
    let lock = try AdvisoryLock.take(server.settings(), database: target, systemIdentifier: "7")
    var admin = try server.admin()
    let holder = try #require(AdvisoryLock.holders(database: target, systemIdentifier: "7", &admin).first)
    #expect(try admin.value("SELECT pg_terminate_backend($1::int, 5000)", [String(holder.pid)]) == "t")
    #expect(!lock.isHeld())
  }

  @Test("a connection without a pooler is direct")
  func direct() throws {
    #expect(try Pooling.detect(server.settings(user: "app")) == .direct)
  }
}
