internal import RecoverBase

/// Finds the row of a COPY that the server refuses, by trying shorter and shorter beginnings of the data.
///
/// The server tells the row only in words, in the language of its messages. Whether a beginning is refused does not
/// depend on what follows it, so halving finds the first one; nothing of it is kept.
struct BadRow {
  let rows: LoadRows
  let request: LoadRequest
  let interruption: Interruption
  let session: LoadSession

  struct Place { var line, offset: Int64 }

  init(_ rows: LoadRows, request: LoadRequest, interruption: Interruption, _ session: LoadSession) {
    self.rows = rows
    self.request = request
    self.interruption = interruption
    self.session = session
  }

  /// The place of the first row that is refused; of the first row of all where that can't be told.
  func find<Source: ByteSource & ~Copyable>(_ open: (Int64) throws -> Source) throws -> Place {
    try session.begin(session.record, at: LoadPosition(reader: rows.reader, session: rows.session))
    var good: Int64 = 0
    var bad = rows.rows
    var place = Place(line: rows.reader.line, offset: rows.reader.offset)
    while bad - good > 1 {
      let middle = good + (bad - good) / 2
      if try attempt(middle, open) == nil { good = middle } else { bad = middle }
    }
    if let last = try attempt(bad, open) { place = last }
    return place
  }

  /// Tries so many rows.
  ///
  /// - Returns: where the last of them begins when they are refused, nil when they are taken.
  private func attempt<Source: ByteSource & ~Copyable>(
    _ count: Int64, _ open: (Int64) throws -> Source
  ) throws -> Place? {
    var limits = DumpReaderLimits()
    // Chunks so small hold one row, or part of one.
    limits.chunkBytes = 16
    var reader = DumpReader(
      try open(rows.reader.offset), named: request.dumpName, from: rows.reader, limits: limits)
    try session.connection.execute("BEGIN")
    defer { _ = try? session.connection.execute("ROLLBACK") }
    try session.connection.beginCopy(bytes: rows.copy.statement.bytes)
    var place = Place(line: rows.reader.line, offset: rows.reader.offset)
    var left = count
    var buffer: [UInt8] = []
    while left > 0, let piece = try reader.next(), case .copyData(let ended, _) = piece.kind {
      let wanted = min(left, Int64(ended))
      reader.withBytes { bytes in
        let end = wanted == ended ? bytes.count : end(ofRow: wanted, in: bytes)
        buffer.append(contentsOf: Array(copying: bytes.extracting(0..<end)))
        guard wanted > 0 else { return }
        // Where the last of these rows begins, or the row behind them.
        let start = wanted < left ? bytes.count : self.end(ofRow: wanted - 1, in: bytes)
        if start > 0 {
          let lines = ByteSearch.countLines(in: bytes, to: start)
          place = Place(line: piece.line + Int64(lines), offset: piece.offset + Int64(start))
        }
      }
      left -= wanted
      if buffer.count >= 128 << 10 || left == 0 {
        try interruption.check()
        try session.connection.writeCopy(buffer.span)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    do {
      _ = try session.connection.endCopy()
      return nil
    } catch let error as RecoverError where error.sqlState != nil && !session.connection.isLost {
      return place
    }
  }

  /// Where a row ends in bytes that begin with one, by its number from 1 on; 0 for none.
  private func end(ofRow number: Int64, in bytes: Span<UInt8>) -> Int {
    guard number > 0 else { return 0 }
    let encoding = rows.reader.syntax.encoding
    for limit in 1...bytes.count {
      var chunk = CopyChunk(isText: true, encoding: encoding, limit: limit, isLast: true)
      _ = chunk.scan(bytes, from: .row)
      if chunk.rows == number { return chunk.byteCount }
    }
    return bytes.count
  }
}
