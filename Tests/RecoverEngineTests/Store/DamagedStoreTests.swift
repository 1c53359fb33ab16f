internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverEngine

/// A journal that was damaged, or changed behind the store's back, is refused with an error, and never ends the
/// process.
@Suite("damaged store")
struct DamagedStoreTests {
  private typealias Suite = RunStoreConformanceTests

  /// A store that holds a little of everything.
  private static func filled(_ directory: String) async throws -> SQLiteStore {
    let store = try SQLiteStore(directory: directory)
    try await store.create(Suite.run, plan: Suite.plan, at: Suite.times)
    let epoch = try await Suite.acquire(store).epoch
    try await Suite.append(store, .started(confirmedBy: "me"), epoch: epoch)
    try await Suite.append(store, .step(id: "a", event: .guarded(skip: nil)), epoch: epoch)
    try await store.request(.cancel, of: Suite.run, by: "me", at: Plans.time(2))
    return store
  }

  /// Everything that reads a table; what it throws has to be a ``RecoverError`` with a hint.
  private static func read(_ table: String, of store: SQLiteStore) async throws {
    try await expectingHints {
      switch table {
      case "run": _ = try await store.runs(of: nil)
      case "event": _ = try await History(of: Suite.run, in: store)
      case "lease": _ = try await store.leases()
      default: _ = try await store.pendingRequests(of: Suite.run)
      }
    }
  }

  private static func expectingHints(_ body: () async throws -> Void) async throws {
    do { try await body() } catch let error as RecoverError {
      try Property.require(error.code == .journal || error.code == .usage, "code \(error.code): \(error)")
      try Property.require(error.hint != nil, "no hint: \(error)")
    }
  }

  // MARK: Rows

  private static let columns = [
    "run": [
      "id", "target", "target_kind", "target_identity", "target_name", "procedure", "plan_hash", "created_us",
      "updated_us", "state", "is_terminal",
    ],
    "event": ["sequence", "epoch", "wall_us", "monotonic_ns", "kind", "payload", "previous_hash", "hash"],
    "lease": ["target", "run", "epoch", "owner", "predecessors", "expires_ns"],
    "request": ["id", "run", "kind", "person", "requested_us", "consumed_by"],
  ]

  /// The same tables without what SQLite itself would check, since a damaged file has none of that.
  private static func loosen(_ database: Database) throws {
    try database.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF")
    for table in columns.keys.sorted() {
      try database.execute(
        sql: """
          CREATE TABLE loose AS SELECT * FROM \(table); DROP TABLE \(table); ALTER TABLE loose RENAME TO \(table)
          """)
    }
  }

  /// What a damaged column may hold: the old value with other bytes, or any other value.
  private static func damage(_ old: DatabaseValue, _ generator: inout SeededGenerator) -> DatabaseValue {
    switch generator.int(0...5) {
    case 0: return .null
    case 1: return Int64(bitPattern: generator.next()).databaseValue
    case 2: return Double(generator.int(-5...5)).databaseValue
    case 3: return generator.text().databaseValue
    default: break
    }
    var bytes: [UInt8]
    switch old.storage {
    case .blob(let data): bytes = Array(data)
    case .string(let text): bytes = Array(text.utf8)
    case .null, .int64, .double: bytes = generator.bytes(generator.int(0...9))
    }
    for _ in 0..<generator.int(1...4) where !bytes.isEmpty {
      let index = generator.int(0...bytes.count - 1)
      if generator.chance(1, of: 3) {
        bytes.remove(at: index)
      } else {
        bytes[index] ^= UInt8(1 << generator.int(0...7))
      }
    }
    if case .string = old.storage { return String(decoding: bytes, as: UTF8.self).databaseValue }
    return Data(bytes).databaseValue
  }

  @Test("a column that holds anything at all is read as a value or refused with a hint")
  func rows() async throws {
    let directory = try StateDirectory()
    let store = try await Self.filled(directory.path)
    try await store.queue.writeWithoutTransaction { try Self.loosen($0) }
    try await Property.check { generator in
      let table = generator.pick(Self.columns.keys.sorted())
      let column = generator.pick(Self.columns[table] ?? [])
      let cells = try await store.queue.read { database in
        try Row.fetchAll(database, sql: "SELECT rowid, \(column) FROM \(table)").map { row in
          (id: row[0] as Int64, old: row[1] as DatabaseValue)
        }
      }
      let cell = generator.pick(cells)
      let update = "UPDATE \(table) SET \(column) = ? WHERE rowid = ?"
      let new = Self.damage(cell.old, &generator)
      try await store.queue.writeWithoutTransaction { try $0.execute(sql: update, arguments: [new, cell.id]) }
      try await Self.read(table, of: store)
      try await store.queue.writeWithoutTransaction { try $0.execute(sql: update, arguments: [cell.old, cell.id]) }
    }
  }

  // MARK: Files

  @Test("a file with flipped, missing or foreign bytes is read or refused with a hint")
  func files() async throws {
    let directory = try StateDirectory()
    let path = "\(directory.path)/journal.sqlite"
    // What was in the log goes into the file when the last handle is closed.
    _ = try await Self.filled(directory.path)
    let whole = try Fixtures.bytes(path)
    try #require(whole.count > 20_000)
    try await Property.check(cases: 1000) { generator in
      var bytes = whole
      switch generator.int(0...4) {
      case 0: bytes.removeLast(generator.int(1...bytes.count))
      case 1: bytes = generator.bytes(generator.int(0...5000))
      default:
        for _ in 0..<generator.int(1...40) {
          bytes[generator.int(0...bytes.count - 1)] = UInt8(truncatingIfNeeded: generator.next())
        }
      }
      for name in ["journal.sqlite-wal", "journal.sqlite-shm"] { unsafe unlink("\(directory.path)/\(name)") }
      try Data(bytes).write(to: URL(filePath: path))
      try await Self.expectingHints {
        let store = try SQLiteStore(directory: directory.path)
        for table in Self.columns.keys { try await Self.read(table, of: store) }
      }
    }
  }

  @Test("a file of another build that lacks a column is refused with a hint")
  func otherBuild() async throws {
    let directory = try StateDirectory()
    let store = try await Self.filled(directory.path)
    try await store.queue.writeWithoutTransaction {
      try $0.execute(sql: "ALTER TABLE lease DROP COLUMN predecessors")
    }
    let error = #expect(throws: RecoverError.self) { try SQLiteStore(directory: directory.path) }
    #expect(error?.code == .journal)
    #expect(error?.message.contains("table lease has no column predecessors") == true)
    #expect(error?.hint?.contains("--state") == true)
  }
}
