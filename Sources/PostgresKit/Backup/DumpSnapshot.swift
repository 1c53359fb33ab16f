package import RecoverBase
internal import Synchronization

/// One state of a database that many connections read, in which no row can be lost to what others do meanwhile.
///
/// Every table is locked (ACCESS SHARE) *before* the snapshot is taken, and stays locked: a TRUNCATE, which leaves no
/// row behind for an older snapshot, is either over before or waits (PostgreSQL, "Caveats" of MVCC).
package final class DumpSnapshot: Sendable {
  /// For `SET TRANSACTION SNAPSHOT` and `pg_dump --snapshot`.
  package let id: String
  package let facts: SnapshotFacts
  /// By OID.
  package let relations: [DumpRelation]
  package let sequences: [SequenceValue]
  let settings: ConnectionSettings
  /// In which rows and the relations' pieces of SQL come and go.
  let encoding: String
  /// Holds the locks, and reads what nobody else can lock; nil while somebody has it.
  private let leader: Mutex<Connection?>

  private init(_ content: Content, settings: ConnectionSettings, leader: consuming sending Connection) {
    id = content.id
    facts = content.facts
    relations = content.relations
    sequences = content.sequences
    self.settings = settings
    encoding = content.encoding
    self.leader = Mutex(leader)
  }

  private struct Content {
    var id: String
    var encoding: String
    var facts: SnapshotFacts
    var relations: [DumpRelation]
    var sequences: [SequenceValue]
  }

  /// Locks every table of a database, and takes a snapshot of it.
  ///
  /// - Parameters:
  ///   - encoding: of the rows; nil is the database's own.
  ///   - schemas: names of plain letters, digits and underscores; nil is every schema.
  ///   - leftOut: the same of those that are not read; nobody else looks at them.
  ///   - lockTimeout: how long one round of locks may take.
  ///   - exported: is given the snapshot's id as soon as others can use it, before the tables are looked at closely.
  /// - Throws: ``RecoverError`` `busy` when a table stays locked by somebody else, `missingRequirement` where our role
  ///   may not read one.
  package static func take(
    _ settings: ConnectionSettings, encoding: String? = nil, in schemas: [String]? = nil,
    leavingOut leftOut: [String] = [], lockTimeout: Duration = .seconds(60), interruption: Interruption? = nil,
    exported: (String) -> Void = { _ in }
  ) throws -> DumpSnapshot {
    var connection = try Connection.dumping(settings, interruption: interruption)
    try connection.execute("SET lock_timeout = \(max(1, lockTimeout.nanoseconds / 1_000_000))")
    var rounds = 0
    while true {
      rounds += 1
      if let content = try attempt(
        encoding, DumpSchemas(wanted: schemas, leftOut: leftOut), &connection, exported)
      {
        connection.interruption = nil
        return DumpSnapshot(content, settings: settings, leader: connection)
      }
      try connection.execute("ROLLBACK")
      guard rounds < 20 else {
        throw RecoverError(
          .busy, "tables of \(connection.database) are made and dropped faster than they can be locked",
          hint: "try again when that is over")
      }
    }
  }

  /// One round: nil when tables were made or dropped between the look and the locks.
  private static func attempt(
    _ encoding: String?, _ schemas: DumpSchemas, _ connection: inout Connection, _ exported: (String) -> Void
  ) throws -> Content? {
    let wanted = try DumpRelation.lockable(in: schemas, &connection)
    try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    do {
      // LOCK takes no snapshot: the first query after it does.
      for start in stride(from: 0, to: wanted.count, by: 500) {
        let names = wanted[start..<min(start + 500, wanted.count)].map { "ONLY \($0.qualified)" }
        try connection.execute("LOCK TABLE \(names.joined(separator: ", ")) IN ACCESS SHARE MODE")
      }
    } catch let error as RecoverError where error.isOfMissingTable {
      return nil
    } catch let error as RecoverError where error.sqlState == .lockNotAvailable {
      throw RecoverError(
        .busy, "a table of \(connection.database) is locked by somebody else: \(error.message)",
        hint: "see who in pg_locks; a backup waits for ALTER, TRUNCATE and their like to end", underlying: error)
    }
    guard try DumpRelation.lockable(in: schemas, &connection) == wanted else { return nil }
    let facts = try SnapshotFacts.read(&connection)
    let id = try connection.value("SELECT pg_catalog.pg_export_snapshot()").orMissing("the server exports no snapshot")
    exported(id)
    let encoding = encoding ?? facts.encoding
    let relations = try DumpRelation.read(encoding: encoding, in: schemas, &connection)
    try connection.speak("UTF8")
    let sequences = try SequenceValue.read(relations.filter { $0.kind == .sequence }.map(\.name), &connection)
    return Content(id: id, encoding: encoding, facts: facts, relations: relations, sequences: sequences)
  }

  /// Lends the connection that holds the locks to one thread at a time; the others wait.
  func withLeader<Value: Sendable>(
    _ interruption: Interruption?, _ body: (inout Connection) throws -> Value
  ) throws -> Value {
    try leader.withLock { held in
      guard var connection = held.take() else { throw RecoverError(.bug, "the snapshot was released") }
      connection.interruption = interruption
      do {
        let value = try body(&connection)
        connection.interruption = nil
        held = consume connection
        return value
      } catch {
        connection.interruption = nil
        held = consume connection
        throw error
      }
    }
  }

  /// Lets the snapshot and the locks go.
  package func release() { leader.withLock { $0 = nil } }

  /// Sessions that wait for a lock which the snapshot holds, and so hold up whoever asks for the same table after them.
  package func waitingSessions() throws -> [String] {
    try withLeader(nil) { connection in
      try connection.rows(
        """
        SELECT 'pid ' || a.pid || ', ' || pg_catalog.left(a.query, 60) FROM pg_catalog.pg_stat_activity AS a
        WHERE pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(a.pid))
        """
      ).compactMap { $0[0] }
    }
  }
}

extension RecoverError {
  /// Whether a table or its schema was dropped after it was seen.
  fileprivate var isOfMissingTable: Bool {
    sqlState == .undefinedTable || sqlState == .invalidSchemaName || sqlState == .undefinedObject
  }
}
