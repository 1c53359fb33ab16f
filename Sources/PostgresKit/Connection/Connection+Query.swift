internal import RecoverBase

extension Connection {
  /// Runs one or several statements (the simple protocol) and forgets their rows.
  ///
  /// Several statements in one text are one transaction, unless they say otherwise (PostgreSQL, "Multiple Statements
  /// in a Simple Query").
  ///
  /// - Returns: the last command's tag and number of rows.
  /// - Throws: ``RecoverError`` with the first error.
  @discardableResult
  package mutating func execute(_ sql: String) throws -> CommandOutcome {
    try execute(bytes: Array(sql.utf8))
  }

  /// ``execute(_:)`` for a statement in the bytes of the client encoding that is set.
  @discardableResult
  package mutating func execute(bytes sql: consuming [UInt8]) throws -> CommandOutcome {
    try executeAll(bytes: sql).last ?? CommandOutcome(tag: "", affectedRows: nil)
  }

  /// ``execute(bytes:)``, with the outcome of each statement in order.
  mutating func executeAll(bytes sql: consuming [UInt8]) throws -> [CommandOutcome] {
    try send(simple: sql)
    var outcomes: [CommandOutcome] = []
    try finish { result in
      if result.status != .empty {
        outcomes.append(CommandOutcome(tag: result.commandTag, affectedRows: result.affectedRows))
      }
    }
    return outcomes
  }

  /// Runs one statement, with parameters `$1` and so on as text, and gives its rows.
  package mutating func query(_ sql: String, _ parameters: [String?] = []) throws -> QueryResult {
    try send(sql, parameters)
    var last: QueryResult?
    var failed: RecoverError?
    while let result = try nextResult() {
      switch result.status {
      case .failed: failed = failed ?? failure(result.error)
      case .copyIn, .copyOut: failed = failed ?? leaveCopy(result.status)
      case .command, .rows, .singleRow, .empty: last = consume result
      }
    }
    if let failed { throw failed }
    guard let last else { throw sendFailure() }
    return last
  }

  /// The values of every row of one statement.
  package mutating func rows(_ sql: String, _ parameters: [String?] = []) throws -> [[String?]] {
    let result = try query(sql, parameters)
    return result.rows
  }

  /// The first value of the first row of one statement; nil for NULL and for no row.
  package mutating func value(_ sql: String, _ parameters: [String?] = []) throws -> String? {
    let result = try query(sql, parameters)
    return result.isEmpty ? nil : result[0, 0]
  }

  /// Runs one statement and hands out its rows one at a time, as they arrive, in constant memory.
  ///
  /// - Parameter row: is given a result of exactly one row; when it throws, the statement is cancelled.
  package mutating func stream(
    _ sql: String, _ parameters: [String?] = [], row body: (borrowing QueryResult) throws -> Void
  ) throws {
    try send(sql, parameters)
    guard link.setSingleRowMode() else { throw sendFailure() }
    do {
      try finish { result in if result.status == .singleRow { try body(result) } }
    } catch {
      if transactionStatus == .active { _ = stopped(.interrupted) }
      throw error
    }
  }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  @discardableResult
  package mutating func transaction<Value>(
    _ begin: String = "BEGIN", _ body: (inout Connection) throws -> Value
  ) throws -> Value {
    try execute(begin)
    do {
      let value = try body(&self)
      try execute("COMMIT")
      return value
    } catch {
      let held = interruption
      interruption = nil
      if !isLost { _ = try? execute("ROLLBACK") }
      interruption = held
      throw error
    }
  }
}

/// What the server says that a command did.
package struct CommandOutcome: Sendable, Hashable {
  /// `INSERT 0 3`, `CREATE TABLE`; empty for an empty statement.
  package var tag: String
  /// The number in the tag, where it has one.
  package var affectedRows: Int64?

  package init(tag: String, affectedRows: Int64?) {
    self.tag = tag
    self.affectedRows = affectedRows
  }
}

extension Connection {
  /// Queues statements in the simple protocol.
  mutating func send(simple sql: consuming [UInt8]) throws {
    try checkBeforeSending()
    var query = sql
    guard !query.contains(0) else { throw RecoverError(.bug, "a statement holds a NUL byte") }
    query.append(0)
    guard link.send(query) else { throw sendFailure() }
  }

  private mutating func send(_ sql: String, _ parameters: [String?]) throws {
    try checkBeforeSending()
    let texts = [sql] + parameters.compactMap { $0 }
    guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
      throw RecoverError(.bug, "a statement or a parameter holds a NUL byte")
    }
    guard link.send(sql, parameters) else { throw sendFailure() }
  }

  /// Reads every result of what was sent.
  ///
  /// - Throws: the first error, after the last result was read.
  mutating func finish(_ each: (borrowing QueryResult) throws -> Void = { _ in }) throws {
    var failed: RecoverError?
    while let result = try nextResult() {
      switch result.status {
      case .failed: failed = failed ?? failure(result.error)
      case .copyIn, .copyOut: failed = failed ?? leaveCopy(result.status)
      case .command, .rows, .singleRow, .empty: if failed == nil { try each(result) }
      }
      if link.isBroken { break }
    }
    if let failed { throw failed }
    if link.isBroken { throw sendFailure() }
  }

  /// Ends a COPY that the caller did not mean to run.
  private mutating func leaveCopy(_ status: QueryResult.Status) -> RecoverError {
    if status == .copyIn { _ = link.putCopyEnd(refusal: "no data was given") } else { link.cancel() }
    if status == .copyOut { while (try? copyOutStep({ _ in })) == .row {} }
    return RecoverError(.bug, "COPY was run as an ordinary statement")
  }
}
