internal import GRDB
internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverEngine

/// What only the store on disk does: durability, full disks, other versions.
@Suite("sqlite store")
struct SQLiteStoreTests {
  private typealias Suite = RunStoreConformanceTests

  @Test("the store is where only its owner can read it, in WAL mode")
  func place() async throws {
    let directory = try StateDirectory()
    let path = "\(directory.path)/a/b"
    let store = try SQLiteStore(directory: path)
    try await store.create(Suite.run, plan: Suite.plan, at: Suite.times)
    for (name, mode) in [("\(directory.path)/a", 0o700), (path, 0o700)] {
      var status = stat()
      try #require(unsafe stat(name, &status) == 0)
      #expect(Int(status.st_mode & 0o777) == mode)
    }
    let queue = try DatabaseQueue(path: "\(path)/journal.sqlite")
    #expect(try await queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
  }

  @Test("the connection that appends reads back synchronous=FULL")
  func synchronous() async throws {
    let directory = try StateDirectory()
    let store = try SQLiteStore(directory: directory.path)
    #expect(try await store.queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
  }

  @Test("a journal of a newer version, and a directory that can't be made, are refused with a hint")
  func refused() async throws {
    let directory = try StateDirectory()
    _ = try SQLiteStore(directory: directory.path)
    let queue = try DatabaseQueue(path: "\(directory.path)/journal.sqlite")
    try await queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
    for path in [directory.path, "\(directory.path)/journal.sqlite/x"] {
      let error = #expect(throws: RecoverError.self) { try SQLiteStore(directory: path) }
      #expect(error?.code == .journal)
      #expect(error?.hint != nil)
    }
  }

  @Test("a row that was changed behind the store's back is found when the run is read")
  func tampering() async throws {
    let directory = try StateDirectory()
    let store = try SQLiteStore(directory: directory.path)
    try await store.create(Suite.run, plan: Suite.plan, at: Suite.times)
    let epoch = try await Suite.acquire(store).epoch
    for _ in 0..<3 { try await Suite.append(store, .requestIgnored(kind: "pause"), epoch: epoch) }
    let queue = try DatabaseQueue(path: "\(directory.path)/journal.sqlite")
    for change in [
      "UPDATE event SET payload = CAST('{}' AS BLOB) WHERE sequence = 2",
      "UPDATE event SET wall_us = wall_us + 1 WHERE sequence = 3", "DELETE FROM event WHERE sequence = 2",
    ] {
      try await queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN; \(change); COMMIT") }
      #expect(await Suite.code { _ = try await store.records(of: Suite.run) } == .journal, "\(change)")
    }
  }

  @Test("many processes may open a new store at once")
  func racingOpens() async throws {
    for _ in 0..<20 {
      let directory = try StateDirectory()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<4 {
          group.addTask {
            let store = try SQLiteStore(directory: directory.path)
            let plan = Plans.plan([Plans.step("a")], target: "t\(number)")
            try await store.create(RunID(seconds: Int64(number), random: 0), plan: plan, at: Suite.times)
          }
        }
        try await group.waitForAll()
      }
      #expect(try await SQLiteStore(directory: directory.path).runs(of: nil).count == 4)
    }
  }

  @Test("what was appended is there for a handle that is opened later")
  func reopened() async throws {
    let directory = try StateDirectory()
    func write() async throws {
      let store = try SQLiteStore(directory: directory.path)
      try await store.create(Suite.run, plan: Suite.plan, at: Suite.times)
      let epoch = try await Suite.acquire(store).epoch
      try await Suite.append(store, .started(confirmedBy: "me"), epoch: epoch)
    }
    try await write()
    let records = try await SQLiteStore(directory: directory.path).records(of: Suite.run)
    #expect(records.map(\.kind) == ["planned", "started"])
  }
}
