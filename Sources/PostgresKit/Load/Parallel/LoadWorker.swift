internal import RecoverBase

/// One connection of a parallel load: takes task after task, and does each in transactions that record it.
struct LoadWorker<Source: ByteSource & ~Copyable & SendableMetatype> {
  let number: Int
  let request: LoadRequest
  let interruption: Interruption
  let session: LoadSession
  let team: Monitor<TeamState>
  let open: @Sendable (Int64) throws -> Source

  func run() throws {
    while true {
      let helpers = request.tuning.maintenanceWorkers
      let order = team.wait(atMost: .milliseconds(200)) { [number] state in
        state.next(number, maintenanceWorkers: helpers)
      }
      try interruption.check()
      switch order {
      case nil: continue
      case .end?: return
      case .work(let index, let task, let helpers)?: try perform(index, task, helpers: helpers)
      }
    }
  }

  private func perform(_ index: Int, _ task: LoadTask, helpers: Int) throws {
    do {
      switch task.work {
      case .rows(let rows): try load(rows, task)
      case .part(let position, let endOffset, let passedOver): try run(position, endOffset, passedOver, task)
      case .statement(let text, let state): try run(text, state, task, helpers: helpers)
      case .barrier: break
      }
      let rows = session.rows.values.reduce(0, +)
      team.change { [number] in $0.finish(index, of: number, rows: rows) }
    } catch let error as RecoverError {
      guard !session.connection.isLost, !interruption.isRaised,
        team.change({ [number] in $0.retries(index, of: number, after: error) })
      else { throw error }
      // What is left of it goes with the next one's beginning.
      try session.rollback()
    }
  }

  private func noteCommit() { team.change { $0.commits += 1 } }

  // MARK: Statements

  /// Statements in the order of the dump, as the serial load runs them.
  private func run(
    _ position: LoadPosition, _ endOffset: Int64, _ passedOver: Set<Int64>, _ task: LoadTask
  ) throws {
    try session.begin(.task(task.offset, end: endOffset), at: position)
    var hooks = LoadHooks()
    hooks.afterCommit = { _ in noteCommit() }
    hooks.progress = { [team, number] progress in
      team.change { state in
        state.activities[number]?.bytes = progress.offsetBytes - task.offset
        state.activities[number]?.rows = progress.rows
      }
    }
    let edits = Dictionary(uniqueKeysWithValues: passedOver.map { ($0, StatementEdit.passOver) })
    let open = open
    var run = try LoadRun(
      request, hooks: hooks, interruption: interruption, session: session, to: endOffset, edits: edits,
      open: { try open($0) })
    try run.run()
    let outcome = run.outcome
    if !outcome.passedOver.isEmpty || !outcome.tolerated.isEmpty {
      team.change {
        $0.passedOver += outcome.passedOver
        $0.tolerated += outcome.tolerated
      }
    }
  }

  /// One statement that may take long.
  private func run(_ text: SQLText, _ state: SessionState, _ task: LoadTask, helpers: Int) throws {
    var position = LoadPosition(session: state)
    (position.reader.offset, position.reader.line) = (task.offset, task.line)
    try session.begin(.task(task.offset, end: task.offset), at: position)
    do {
      try session.open(at: task.offset)
      if helpers > 0 { try session.connection.execute("SET LOCAL max_parallel_maintenance_workers = \(helpers)") }
      try session.runNow(text)
    } catch let error as RecoverError {
      throw located(error, line: task.line, byte: task.offset, task)
    }
    try session.commit(at: position.reader)
    noteCommit()
  }

  private func located(_ error: RecoverError, line: Int64, byte: Int64, _ task: LoadTask) -> RecoverError {
    var error = error
    let (line, byte) = request.places.original(line: line, offset: byte)
    error.message = "\(request.dumpName): line \(line), byte \(byte): \(task.title): \(error.message)"
    if error.code == .missingRequirement || error.code == .stepFailed {
      error.hint = error.hint ?? "correct the cause, and load it again"
    }
    return error
  }

  // MARK: Rows

  /// Data of a COPY in one transaction, as the bytes that the dump has.
  private func load(_ rows: LoadRows, _ task: LoadTask) throws {
    let position = LoadPosition(reader: rows.reader, session: rows.session)
    let endOffset = task.offset + rows.byteCount
    try session.begin(.task(task.offset, end: endOffset), at: position)
    do {
      try session.open(at: task.offset)
      var copy = rows.copy
      if rows.isWhole { copy.statement = try frozen(copy) }
      try session.beginCopy(copy, at: task.offset)
      try send(rows)
      try session.endCopy(rows.copy.table)
    } catch let error as RecoverError {
      throw try explained(error, rows, task)
    }
    var end = rows.reader
    end.offset = endOffset
    try session.commit(at: end)
    noteCommit()
  }

  /// Sends the bytes as they are; where rows end is the server's business.
  private func send(_ rows: LoadRows) throws {
    var source = try open(rows.reader.offset)
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    var left = rows.byteCount
    var reported: Int64 = 0
    while left > 0 {
      try interruption.check()
      let size = Int(min(left, Int64(buffer.count)))
      let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
        try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
      }
      guard count > 0 else {
        session.connection.abandonCopy("the dump is shorter than it was")
        throw RecoverError(.drifted, "\(request.dumpName) is shorter than it was when it was inspected")
      }
      try session.connection.writeCopy(buffer.span.extracting(0..<count))
      left -= Int64(count)
      guard rows.byteCount - left - reported >= 4 << 20 || left == 0 else { continue }
      reported = rows.byteCount - left
      let share = rows.rows * reported / max(1, rows.byteCount)
      team.change { [number, reported] state in
        state.activities[number]?.bytes = reported
        state.activities[number]?.rows = share
      }
    }
  }

  /// The COPY with FREEZE, where the table is ours to make anew in this transaction (PostgreSQL, COPY, "FREEZE").
  private func frozen(_ copy: DumpCopy) throws -> SQLText {
    let name = copy.table.schema.map { Quoting.identifier($0, copy.table.name) } ?? Quoting.identifier(copy.table.name)
    guard let statement = copy.frozenStatement,
      try session.connection.value(
        "SELECT pg_catalog.has_table_privilege($1, 'TRUNCATE') AND NOT EXISTS (SELECT FROM ONLY \(name))", [name])
        == "t"
    else { return copy.statement }
    try session.connection.execute("TRUNCATE ONLY \(name)")
    return statement
  }

  /// The error with its place: of a row that the server refuses, the row's own.
  private func explained(_ error: RecoverError, _ rows: LoadRows, _ task: LoadTask) throws -> RecoverError {
    guard let state = error.sqlState, !session.connection.isLost, !interruption.isRaised else {
      return error.sqlState == nil ? error : located(error, line: task.line, byte: task.offset, task)
    }
    let isOfRow = state.class == "22" || state.class == "23"
    guard isOfRow, rows.copy.format != .opaque else {
      return located(error, line: task.line, byte: task.offset, task)
    }
    try session.rollback()
    let open = open
    let place = try BadRow(rows, request: request, interruption: interruption, session).find { try open($0) }
    return located(error, line: place.line, byte: place.offset, task)
  }
}

extension DumpCopy {
  /// The statement with FREEZE; nil where it has options already.
  var frozenStatement: SQLText? {
    guard format == .text else { return nil }
    var cursor = SQLCursor(statement.bytes.span, syntax: SQLSyntax())
    guard cursor.skip(to: "from"), cursor.take("from"), cursor.take("stdin") else { return nil }
    return SQLText(joining: .bytes(cursor.bytes[..<cursor.lastEnd]), .words(" WITH (FREEZE);"))
  }
}
