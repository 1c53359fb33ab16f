internal import RecoverBase

/// Takes the rows that a connection reads, on that connection's thread.
protocol RowConsumer: AnyObject {
  func begin(_ task: TableTask, of relation: DumpRelation) throws
  /// - Parameter row: a row of COPY's text form, with its newline.
  func take(_ row: Span<UInt8>) throws
  func end() throws
  /// After the last table.
  func finish() throws
}

/// Reads tables of a snapshot over one connection.
struct TableReader: ~Copyable {
  private let snapshot: DumpSnapshot
  /// How many tables it locked since its transaction began.
  private var lockedTables = 0
  /// Locks go with the transaction; one that reads ten thousand tables would fill the server's table of locks.
  private static let lockLimit = 1000

  private init(_ snapshot: DumpSnapshot) { self.snapshot = snapshot }

  /// Reads batches of a queue until it is empty.
  ///
  /// The leader, number 0, also reads what the others could not lock.
  static func work(
    _ number: Int, on queue: TableQueue, of snapshot: DumpSnapshot, into consumer: any RowConsumer,
    _ interruption: Interruption
  ) throws {
    if number == 0 {
      try snapshot.withLeader(interruption) { connection in
        try connection.speak(snapshot.encoding)
        let reader = TableReader(snapshot)
        while let batch = queue.next() { try reader.read(batch, into: consumer, &connection) }
        while let batch = try queue.nextRefused(interruption) { try reader.read(batch, into: consumer, &connection) }
        try connection.speak("UTF8")
      }
    } else {
      defer { queue.leave() }
      var connection = try Connection.dumping(snapshot.settings, interruption: interruption)
      try connection.speak(snapshot.encoding)
      var reader = TableReader(snapshot)
      try reader.begin(&connection)
      while let batch = queue.next() {
        guard try reader.lock(batch, &connection) else {
          queue.refuse(batch)
          continue
        }
        try reader.read(batch, into: consumer, &connection)
      }
    }
    try consumer.finish()
  }

  private mutating func begin(_ connection: inout Connection) throws {
    try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try connection.execute("SET TRANSACTION SNAPSHOT \(Quoting.literal(snapshot.id))")
    lockedTables = 0
  }

  /// - Returns: false when somebody else waits for one of the tables.
  private mutating func lock(_ batch: TableBatch, _ connection: inout Connection) throws -> Bool {
    if lockedTables >= Self.lockLimit {
      try connection.execute("COMMIT")
      try begin(&connection)
    }
    lockedTables += batch.tasks.count
    var sql = Array("SAVEPOINT recover_lock; LOCK TABLE ".utf8)
    for (index, task) in batch.tasks.enumerated() {
      sql += Array((index == 0 ? "ONLY " : ", ONLY ").utf8) + snapshot.relations[task.table].text.qualified
    }
    sql += Array(" IN ACCESS SHARE MODE NOWAIT; RELEASE SAVEPOINT recover_lock".utf8)
    do {
      try connection.execute(bytes: sql)
      return true
    } catch let error as RecoverError where error.sqlState == .lockNotAvailable {
      try connection.execute("ROLLBACK TO SAVEPOINT recover_lock; RELEASE SAVEPOINT recover_lock")
      return false
    }
  }

  private func read(
    _ batch: TableBatch, into consumer: any RowConsumer, _ connection: inout Connection
  ) throws {
    for task in batch.tasks {
      let relation = snapshot.relations[task.table]
      try consumer.begin(task, of: relation)
      do {
        try connection.copyOut(bytes: relation.copyOut(task.pages)) { row in try consumer.take(row) }
      } catch var error as RecoverError where error.sqlState != nil && error.code != .connectionLost {
        error.message = "can't read table \(relation.name): \(error.message)"
        if error.sqlState == .insufficientPrivilege {
          error.hint = "grant SELECT on it; with row-level security the role needs BYPASSRLS, or rows would lack"
        }
        throw error
      }
      try consumer.end()
    }
  }
}
