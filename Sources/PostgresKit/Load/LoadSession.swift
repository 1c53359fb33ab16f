internal import RecoverBase

/// The loader's side of the server: one connection, the transaction that is open in it, and the ledger.
///
/// Statements are collected and sent many at a time; a transaction takes in many of them, and ends with its ledger row.
/// A class, so that bytes of the reader can be sent while the reader lends them.
final class LoadSession {
  var connection: Connection
  let request: LoadRequest
  let isSuperuser: Bool
  /// Where the last commit left the load, or the task.
  private(set) var committed = LoadPosition()
  /// What its commits are recorded as.
  private(set) var record = Record.load
  /// What the dump has changed of the session so far.
  private(set) var state = SessionState()
  var sessionBoundLine: Int64?
  /// By table, what is committed.
  private(set) var rows: [SQLName: Int64] = [:]
  private(set) var isResumed = false
  /// Whether the ledger has tasks: the load is not in the order of the dump.
  private(set) var hasTasks = false
  /// What the session is set to, where that is known.
  private var assumed: SessionState?
  var batch = LoadBatch()
  /// Rows that were sent in a COPY that is not over.
  var unconfirmedRows: Int64 = 0

  enum Record: Sendable, Hashable {
    /// The load as a whole.
    case load
    /// The task that begins at this byte of the dump and ends at that one.
    case task(Int64, end: Int64)
  }

  /// Connects, waits until no other loader works on the database, and makes or reads the ledger.
  init(_ request: LoadRequest, interruption: Interruption) throws {
    self.request = request
    connection = try Connection(request.target, interruption: interruption)
    isSuperuser = connection.parameterStatus("is_superuser") == "on"
    try pin()
    try lock()
    if try LoadLedger.exists(&connection) {
      try resume()
    } else {
      try begin()
    }
    connection.interruptionGrace = .seconds(1)
  }

  /// Connects as one of the workers of a load, whose lead holds the lock.
  ///
  /// - Parameters:
  ///   - number: for `application_name`.
  ///   - lead: the backend of the lead.
  init(worker number: Int, of lead: Int32, _ request: LoadRequest, interruption: Interruption) throws {
    self.request = request
    let name = "\(request.target.applicationName ?? "recover")/worker-\(number)"
    connection = try Connection(request.target.replacing(applicationName: name), interruption: interruption)
    isSuperuser = connection.parameterStatus("is_superuser") == "on"
    try pin()
    try WorkerLock.join(lead, &connection)
    connection.interruptionGrace = .seconds(1)
  }

  /// Waits for the sessions of an earlier life, which go on for a while after their client was killed.
  private func lock() throws {
    try connection.execute("SET lock_timeout = '60s'")
    do {
      _ = try connection.query("SELECT pg_catalog.pg_advisory_lock(\(LoadLedger.lockKey))")
      try WorkerLock.awaitNobody(&connection)
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
    // The sequences of a live database are other people's.
    let first = try LoadLedger.insert(
      committed, withSession: true, draws: request.staging == nil ? .now : .unknown, identity: request.identity)
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
    hasTasks = try TaskLedger.exists(&connection)
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
    if record == .load {
      try resetSettings()
      try SequenceDraws.restore(try LoadLedger.draws(&connection), &connection)
    }
    try assume(committed.session)
  }

  /// Sets what the dump has set, and nothing else.
  func assume(_ wanted: SessionState) throws {
    try resetSettings()
    for change in wanted.changes { try connection.execute(bytes: change.statement.bytes) }
    state = wanted
    assumed = wanted
  }

  /// Undoes what the dump set, but not what is pinned.
  func resetSettings() throws {
    try connection.execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL")
    try pin()
  }

  private func pin() throws {
    assumed = nil
    try connection.pin(.steady + request.tuning.settings(isSuperuser: isSuperuser))
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
    let row = try ledgerRow(next)
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

  private func ledgerRow(_ next: LoadPosition) throws -> String {
    let counts = batch.rows.map { LoadedRows(table: $0.key, rows: $0.value) }
    switch record {
    case .load:
      let draws: LoadLedger.Draws = request.staging != nil ? .unknown : batch.mayDraw ? .now : .asBefore
      return try LoadLedger.insert(
        next, withSession: state != committed.session, rows: counts, draws: draws)
    case .task(let task, let end):
      return try TaskLedger.insert(task, next, isDone: next.reader.offset >= end, rows: counts)
    }
  }

  /// Rolls the open transaction back; what was collected is forgotten.
  func rollback() throws {
    batch = LoadBatch()
    state = committed.session
    assumed = nil
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

// MARK: Tasks

extension LoadSession {
  /// Makes a task the one that is worked on; what its session needs is set.
  func begin(_ task: Record, at position: LoadPosition) throws {
    batch = LoadBatch()
    record = task
    committed = position
    rows = [:]
    if connection.transactionStatus != .idle { try connection.execute("ROLLBACK") }
    if assumed == position.session { state = position.session } else { try assume(position.session) }
  }

  /// Records that the serial part is over, and that tasks follow; from here on sequences are left alone.
  func beginTasks(_ layout: String) throws {
    try resetSettings()
    var next = committed
    next.sequence += 1
    let row = try LoadLedger.insert(next, withSession: false, draws: .unknown)
    try connection.execute("BEGIN; \(TaskLedger.create(layout)); \(row); COMMIT")
    committed = next
    hasTasks = true
  }

  /// Goes on at another place of the dump, and records that.
  func jump(to reader: DumpReaderState, _ session: SessionState) throws {
    try assume(session)
    batch.noteDraw()
    try commit(at: reader, evenIfEmpty: true)
  }
}
