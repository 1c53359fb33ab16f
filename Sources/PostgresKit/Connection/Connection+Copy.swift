internal import RecoverBase

extension Connection {
  /// The largest piece that is handed to libpq at once: with the message's header it fills whole 8 KiB blocks, which
  /// is what libpq sends at a time.
  private static let pieceBytes = 128 * 1024 - 5

  /// Starts `COPY ... FROM STDIN`; go on with ``writeCopy(_:)``, end with ``endCopy()`` or ``abandonCopy(_:)``.
  package mutating func beginCopy(_ sql: String) throws { try beginCopy(bytes: Array(sql.utf8)) }

  /// ``beginCopy(_:)`` for a statement in the bytes of the client encoding that is set.
  package mutating func beginCopy(bytes sql: [UInt8]) throws {
    try send(simple: sql)
    guard let result = try nextResult() else { throw sendFailure() }
    switch result.status {
    case .copyIn: return
    case .failed:
      let error = failure(result.error)
      try finish()
      throw error
    case .command, .rows, .singleRow, .copyOut, .empty:
      if result.status == .copyOut { throw stopped(.interrupted) }
      try finish()
      throw RecoverError(.bug, "the statement is no COPY FROM STDIN")
    }
  }

  /// Sends a piece of COPY data, which need not end at a row's end, and waits until the server's side takes it.
  ///
  /// The server's errors come out at ``endCopy()``.
  package mutating func writeCopy(_ bytes: Span<UInt8>) throws {
    var start = 0
    while start < bytes.count {
      let end = min(start + Self.pieceBytes, bytes.count)
      guard link.putCopyData(bytes.extracting(start..<end)) else { throw brokenCopy() }
      do {
        try flush()
      } catch let halt as Halt {
        throw stopped(halt)
      }
      start = end
    }
  }

  /// Ends the COPY data.
  ///
  /// - Returns: the number of rows that the server counted.
  /// - Throws: the server's error, which means that nothing of the COPY was kept.
  @discardableResult
  package mutating func endCopy() throws -> Int64 {
    guard link.putCopyEnd(refusal: nil) else { throw brokenCopy() }
    var rows: Int64 = 0
    try finish { rows = $0.affectedRows ?? 0 }
    return rows
  }

  /// Ends the COPY so that the server throws its rows away.
  package mutating func abandonCopy(_ reason: String) {
    _ = link.putCopyEnd(refusal: reason)
    try? finish()
  }

  /// Why the connection broke in the middle of a COPY: the server's last words, where it had any.
  private mutating func brokenCopy() -> RecoverError {
    do {
      _ = link.consumeInput()
      try finish()
    } catch let error as RecoverError {
      return error
    } catch {}
    return sendFailure()
  }

  /// Runs `COPY ... TO STDOUT` and hands out its rows as they arrive, in constant memory.
  ///
  /// - Parameter row: is given a row of the text format with its newline (or a piece of the binary format); when it
  ///   throws, the COPY is cancelled.
  /// - Returns: the number of rows that the server counted.
  @discardableResult
  package mutating func copyOut(_ sql: String, row body: (Span<UInt8>) throws -> Void) throws -> Int64 {
    try copyOut(bytes: Array(sql.utf8), row: body)
  }

  /// ``copyOut(_:row:)`` for a statement in the bytes of the client encoding that is set.
  @discardableResult
  package mutating func copyOut(bytes sql: [UInt8], row body: (Span<UInt8>) throws -> Void) throws -> Int64 {
    try send(simple: sql)
    guard let result = try nextResult() else { throw sendFailure() }
    guard result.status == .copyOut else {
      if result.status == .failed {
        let error = failure(result.error)
        try finish()
        throw error
      }
      if result.status == .copyIn { abandonCopy("no data was given") } else { try finish() }
      throw RecoverError(.bug, "the statement is no COPY TO STDOUT")
    }
    do {
      while try copyOutStep(body) == .row {}
    } catch let halt as Halt {
      throw stopped(halt)
    } catch {
      _ = stopped(.interrupted)
      throw error
    }
    var rows: Int64 = 0
    try finish { rows = $0.affectedRows ?? 0 }
    return rows
  }
}
