internal import RecoverBase

/// The loader's side of the server: one connection, the transaction that is open in it, and the ledger.
///
/// Statements are collected and sent many at a time; a transaction takes in many of them, and ends with its ledger row.
/// A class, so that bytes of the reader can be sent while the reader lends them.
final class LoadSession {
  var connection: Connection
  let request: LoadRequest
  let isSuperuser: Bool
  /// Where the last commit left the load.
  private(set) var committed = LoadPosition()
  /// What the dump has changed of the session so far.
  private(set) var state = SessionState()
  var sessionBoundLine: Int64?
  /// By table, what is committed.
  private(set) var rows: [SQLName: Int64] = [:]
  private(set) var isResumed = false
  var batch = LoadBatch()
  /// Rows that were sent in a COPY that is not over.
  var unconfirmedRows: Int64 = 0

  /// Connects, waits until no other loader works on the database, and makes or reads the ledger.
  init(_ request: LoadRequest, interruption: Interruption) throws {
    self.request = request
    connection = try Connection(request.target, interruption: interruption)
    try connection.pin(.steady)
    isSuperuser = connection.parameterStatus("is_superuser") == "on"
    try lock()
    try connection.execute("SET synchronous_commit = off")
    if try LoadLedger.exists(&connection) {
      try resume()
    } else {
      try begin()
    }
    connection.interruptionGrace = .seconds(1)
  }

  /// Waits for the session of an earlier life, which goes on for a while after its client was killed.
  private func lock() throws {
    try connection.execute("SET lock_timeout = '60s'")
    do {
      _ = try connection.query("SELECT pg_catalog.pg_advisory_lock(\(LoadLedger.lockKey))")
    } catch let error as RecoverError where error.sqlState == .lockNotAvailable {
      let database = connection.database
      throw RecoverError(
        .busy, "another session still loads database \(database)",
        hint: "pg_locks with locktype 'advisory' names it; it ends by itself, or by pg_terminate_backend()",
        underlying: error)
    }
    try connection.execute("SET lock_timeout = 0")
  }

  private func begin() throws {
    let first = try LoadLedger.insert(committed, withSession: true, withDraws: true, identity: request.identity)
    try connection.execute("BEGIN; \(LoadLedger.create) \(first); COMMIT")
  }

  private func resume() throws {
    let record = try LoadLedger.read(&connection)
    guard record.identity == request.identity else {
      let database = connection.database
      throw RecoverError(
        .drifted, "database \(database) is half loaded from another dump than \(request.dumpName)",
        hint: "go on with the dump it was begun with, or drop the database and begin anew")
    }
    if let line = record.position.sessionBoundLine {
      throw RecoverError(
        .stepFailed,
        "\(request.dumpName): line \(line): made a temporary object, which was lost with its session",
        hint: "this load can't be resumed: drop the half-loaded database and begin anew")
    }
    committed = record.position
    rows = record.rows
    isResumed = true
    try restore()
  }

  /// Brings the session to where the last commit left it: the settings of the dump, and the sequences.
  ///
  /// Any open transaction is rolled back.
  func restore() throws {
    batch = LoadBatch()
    unconfirmedRows = 0
    sessionBoundLine = committed.sessionBoundLine
    if connection.transactionStatus != .idle { try connection.execute("ROLLBACK") }
    try resetSettings()
    try SequenceDraws.restore(try LoadLedger.draws(&connection), &connection)
    state = committed.session
    for change in state.changes { try connection.execute(bytes: change.statement.bytes) }
  }

  /// Undoes what the dump set, but not what is pinned.
  func resetSettings() throws {
    try connection.execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL")
    try pin()
  }

  private func pin() throws {
    try connection.pin(.steady)
    // Recorded rows that a crash of the server loses are lost together with their ledger rows; the last commit
    // waits for the disk, and with it for all before it.
    try connection.execute("SET synchronous_commit = off")
  }
}

// MARK: Statements

extension LoadSession {
  /// Sends what was collected.
  func flush() throws {
    guard let group = batch.takeGroup() else { return }
    let outcomes = try connection.executeAll(bytes: group.text)
    batch.groupStartOffset = nil
    guard outcomes.count == group.commandCount else {
      throw RecoverError(.bug, "\(group.commandCount) statements had \(outcomes.count) outcomes")
    }
    let skipped = group.commandCount - group.tables.count
    for (table, outcome) in zip(group.tables, outcomes.dropFirst(skipped)) {
      if let table { batch.rows[table, default: 0] += outcome.affectedRows ?? 0 }
    }
  }

  /// Adds a statement to the open transaction; it runs now or with others later, in order.
  ///
  /// - Parameter table: what its rows are counted for.
  func add(_ statement: Span<UInt8>, at offset: Int64, table: SQLName? = nil, mayDraw: Bool) throws {
    batch.add(statement, at: offset, table: table, mayDraw: mayDraw)
    if batch.isGroupFull { try flush() }
  }

  /// Runs a statement that changes the session, in the open transaction but in a message of its own, since the server
  /// parses a whole message by the settings before it.
  func change(_ change: SessionChange, _ statement: SQLText, at offset: Int64) throws {
    try flush()
    try open(at: offset)
    batch.units += 1
    switch change {
    case .discard: try resetSettings()
    case .reset, .resetSettings:
      try connection.execute(bytes: statement.bytes)
      try pin()
    case .set, .authorization: try connection.execute(bytes: statement.bytes)
    }
    state.apply(change, statement: statement)
  }

  /// Opens a transaction where none is.
  func open(at offset: Int64) throws {
    guard !batch.isOpen else { return }
    try connection.execute("BEGIN")
    batch.open(at: offset)
  }

  /// Begins a transaction of the dump, in its own words.
  func openAsWritten(_ statement: SQLText, at offset: Int64) throws {
    try connection.execute(bytes: statement.bytes)
    batch.open(at: offset)
  }

  /// Commits the open transaction with its ledger row; does nothing when there is none.
  ///
  /// - Parameters:
  ///   - reader: where the load goes on.
  ///   - isPending: whether what stands there is begun right after, outside of a transaction.
  ///   - goingOn: whether another transaction is opened at once.
  ///   - evenIfEmpty: whether a ledger row is written even when there is no transaction.
  /// - Returns: whether anything was committed.
  @discardableResult
  func commit(
    at reader: DumpReaderState, isPending: Bool = false, goingOn: Bool = false, evenIfEmpty: Bool = false
  ) throws -> Bool {
    try flush()
    guard batch.isOpen || isPending || evenIfEmpty else { return false }
    var next = LoadPosition(sequence: committed.sequence + 1, reader: reader, session: state)
    next.isPending = isPending
    next.sessionBoundLine = sessionBoundLine
    let row = try LoadLedger.insert(
      next, withSession: state != committed.session,
      rows: batch.rows.map { LoadedRows(table: $0.key, rows: $0.value) }, withDraws: batch.mayDraw)
    let begin = batch.isOpen ? "" : "BEGIN; "
    let outcomes = try connection.executeAll(bytes: Array("\(begin)\(row); COMMIT\(goingOn ? "; BEGIN" : "")".utf8))
    guard outcomes.contains(where: { $0.tag == "COMMIT" }) else {
      throw RecoverError(.bug, "a transaction that should be committed was rolled back")
    }
    committed = next
    rows.merge(batch.rows, uniquingKeysWith: +)
    batch = LoadBatch()
    if goingOn { batch.open(at: reader.offset) }
    return true
  }

  /// Rolls the open transaction back; what was collected is forgotten.
  func rollback() throws {
    batch = LoadBatch()
    state = committed.session
    sessionBoundLine = committed.sessionBoundLine
    if connection.transactionStatus != .idle { try connection.execute("ROLLBACK") }
  }

  /// Starts the session anew, as `\connect` does, and records it.
  func reconnect(at reader: DumpReaderState) throws {
    try resetSettings()
    state = SessionState()
    try commit(at: reader, evenIfEmpty: true)
  }
}
