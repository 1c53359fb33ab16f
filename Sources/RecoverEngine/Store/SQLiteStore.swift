internal import GRDB
internal import Glibc
internal import RecoverBase
internal import RecoverCore

/// The store on this machine's disk: one SQLite database in the state directory.
///
/// WAL with `synchronous=FULL`, so an append is one fdatasync(2) and durable when it returns. Several
/// processes use it at once; SQLite's own locks order them. docs/journal-format.md describes the tables.
package struct SQLiteStore: Sendable {
  let queue: DatabaseQueue
  let reserve: DiskReserve

  /// Opens the store in a state directory, which is made (mode 0700) when it is not there.
  ///
  /// - Throws: ``RecoverError`` `journal` when it can't be opened, or was written by a newer recover.
  package init(directory: String) throws {
    try Self.makeDirectory(directory)
    reserve = DiskReserve(path: "\(directory)/reserve")
    let path = "\(directory)/journal.sqlite"
    do {
      var configuration = Configuration()
      configuration.label = "journal"
      configuration.busyMode = .timeout(10)
      queue = try DatabaseQueue(path: path, configuration: configuration)
      // Plans name servers and paths; the files that SQLite puts beside it get the same mode.
      unsafe chmod(path, 0o600)
      try queue.inDatabase { try Self.prepare($0) }
    } catch let error as RecoverError {
      throw error
    } catch {
      throw RecoverError(
        .journal, "can't open the journal \(path): \(error)",
        hint: "check the rights and the free space of the state directory, or name another with --state",
        underlying: error)
    }
    reserve.fill()
  }

  /// Opens the store of a state directory that has one; nil, and nothing is made, where there is none.
  package init?(existingIn directory: String) throws {
    guard unsafe access("\(directory)/journal.sqlite", F_OK) == 0 || errno != ENOENT else { return nil }
    try self.init(directory: directory)
  }

  private static func makeDirectory(_ directory: String) throws {
    var path = directory.hasPrefix("/") ? "/" : ""
    for part in directory.split(separator: "/") {
      path += part + "/"
      if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
        throw RecoverError.system(
          .journal, "can't make the state directory \(path)",
          hint: "name a directory that you may write to with --state DIR")
      }
    }
  }

  /// Sets what durability rests on and reads it back: GRDB sets `synchronous=NORMAL` on WAL connections.
  private static func prepare(_ database: Database) throws {
    try enterWAL(database)
    try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
    let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode")
    let level = try Int.fetchOne(database, sql: "PRAGMA synchronous")
    guard mode == "wal", level == 2 else {
      throw RecoverError(
        .journal, "the journal's file system does not allow WAL (journal_mode \(mode ?? "?"))",
        hint: "name a state directory on a local disk with --state DIR")
    }
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard version <= schemaVersion else {
      throw RecoverError(
        .journal, "the journal has version \(version), this recover knows \(schemaVersion)",
        hint: "use the newer recover that wrote it")
    }
    if version < schemaVersion {
      try database.inTransaction(.immediate) {
        try database.execute(sql: schema)
        return .commit
      }
    }
    try checkColumns(database)
  }

  /// Refuses a file of this version that lacks what we read: one that a recover from before its first release wrote.
  private static func checkColumns(_ database: Database) throws {
    for (table, columns) in columns {
      let there = Set(try database.columns(in: table).map(\.name))
      guard let missing = columns.first(where: { !there.contains($0) }) else { continue }
      throw RecoverError(
        .journal, "the journal's table \(table) has no column \(missing): another build of recover wrote it",
        hint: "finish its runs with that build, or name another state directory with --state DIR")
    }
  }

  private static let columns: [(table: String, names: [String])] = [
    (
      "run",
      [
        "id", "target", "target_kind", "target_identity", "target_name", "procedure", "plan_hash", "created_us",
        "updated_us", "state", "is_terminal",
      ]
    ),
    (
      "event",
      [
        "run", "sequence", "epoch", "wall_us", "monotonic_ns", "kind", "payload", "previous_hash", "hash",
      ]
    ),
    ("lease", ["target", "run", "epoch", "owner", "predecessors", "expires_ns"]),
    ("request", ["id", "run", "kind", "person", "requested_us", "consumed_by"]),
  ]

  /// Sets the mode that the file keeps from then on, also where several processes make the same new file.
  ///
  /// A connection that changes the mode holds a shared lock and wants an exclusive one; two that do so at once
  /// would wait for each other, so SQLite answers SQLITE_BUSY at once to one of them, whatever its timeout.
  private static func enterWAL(_ database: Database) throws {
    let deadline = Deadline.after(.seconds(10))
    while true {
      do {
        return try database.execute(sql: "PRAGMA journal_mode = WAL")
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && !deadline.hasPassed {
        usleep(5_000)
      }
    }
  }

  private static let schemaVersion = 1

  private static let schema = """
    CREATE TABLE IF NOT EXISTS run (
      id TEXT PRIMARY KEY, target TEXT NOT NULL, target_kind TEXT NOT NULL, target_identity TEXT NOT NULL,
      target_name TEXT NOT NULL, procedure TEXT NOT NULL, plan_hash TEXT NOT NULL, created_us INTEGER NOT NULL,
      updated_us INTEGER NOT NULL, state TEXT NOT NULL, is_terminal INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS run_claim ON run (target) WHERE is_terminal = 0;
    CREATE TABLE IF NOT EXISTS event (
      run TEXT NOT NULL REFERENCES run, sequence INTEGER NOT NULL, epoch INTEGER NOT NULL, wall_us INTEGER NOT NULL,
      monotonic_ns INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL, previous_hash BLOB NOT NULL,
      hash BLOB NOT NULL, PRIMARY KEY (run, sequence)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS lease (
      target TEXT PRIMARY KEY, run TEXT NOT NULL, epoch INTEGER NOT NULL, owner TEXT, predecessors TEXT NOT NULL,
      expires_ns INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS request (
      id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES run, kind TEXT NOT NULL,
      person TEXT NOT NULL, requested_us INTEGER NOT NULL, consumed_by INTEGER) STRICT;
    PRAGMA user_version = 1;
    """

  /// Reads off the cooperative pool.
  ///
  /// - Throws: ``RecoverError`` `journal` for a file that can't be read.
  func reading<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    do { return try await queue.read(body) } catch let error as DatabaseError {
      throw RecoverError(
        .journal, "can't read the journal: \(error.message ?? error.resultCode.description)",
        hint: "check the rights of the state directory; a damaged journal has to be restored from a copy",
        underlying: error)
    }
  }

  /// Runs a transaction off the cooperative pool; frees the reserve and tries once more on a full disk.
  ///
  /// - Parameter isGoingOn: whether it only serves to go on; then the reserve is left for the way back.
  /// - Throws: `noSpace` when the disk is full and there is a reserve that may not be used for this; nothing
  ///   was written then.
  func transaction<Value: Sendable>(
    _ what: String, isGoingOn: Bool = false, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    do {
      return try await attempt(body)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL && isGoingOn && reserve.isThere {
      throw RecoverError(
        .noSpace, "the disk of the state directory is full", hint: "free space there, or name another with --state DIR",
        underlying: error)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL && reserve.release() {
      return try await wrapped(what) { try await attempt(body) }
    } catch {
      throw Self.journalError(what, error)
    }
  }

  private func attempt<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await queue.writeWithoutTransaction { database in
      var value: Value?
      try database.inTransaction(.immediate) {
        value = try body(database)
        return .commit
      }
      guard let value else { throw RecoverError(.bug, "a committed transaction left no value") }
      return value
    }
  }

  private func wrapped<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
    do { return try await body() } catch { throw Self.journalError(what, error) }
  }

  private static func journalError(_ what: String, _ error: any Error) -> any Error {
    guard let error = error as? DatabaseError else { return error }
    return RecoverError(
      .journal, "can't \(what) the journal: \(error.message ?? error.resultCode.description)",
      hint: "free space in the state directory, then resume the run", underlying: error)
  }
}
