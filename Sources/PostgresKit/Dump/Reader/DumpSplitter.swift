internal import RecoverBase

/// Decides where the pieces of a dump begin and end; it holds the bytes, and leaves the reading to ``DumpReader``.
///
/// Whether a place is a cut depends only on the bytes from the start of the piece on, never on how much of the
/// dump happens to be in the buffer: so a reader that resumes at a piece gives the same pieces.
struct DumpSplitter: ~Copyable {
  var buffer: DumpBuffer
  var state: DumpReaderState
  /// What ``state`` makes of the lexer's rules; kept, since every statement needs it.
  var syntax: SQLSyntax
  /// What was in force for the statement that was given out last.
  private(set) var statementSyntax: SQLSyntax
  let limits: DumpReaderLimits
  let name: String
  private var scanner: StatementScanner?

  enum Step {
    case piece(DumpPiece)
    /// The next piece can't be told before more bytes are read.
    case needsBytes
    case end
  }

  init(state: DumpReaderState, limits: DumpReaderLimits, name: String) {
    // At least as much as tells one kind of file from another.
    buffer = DumpBuffer(capacity: max(limits.bufferBytes, 64))
    precondition(limits.chunkBytes >= 16, "chunks too small for a character")
    self.state = state
    syntax = state.syntax
    statementSyntax = syntax
    self.limits = limits
    self.name = name
  }

  /// The next piece; its bytes are the buffer's current ones.
  mutating func next() throws -> Step {
    switch state.place {
    case .between:
      if scanner == nil, case .found(let step) = try space() { return step }
      return try statementOrCommand()
    case .lineComment, .blockComment: return try comment()
    case .copyHead(let copy): return try copyHead(copy)
    case .copyData(let copy, let place): return try copyData(copy, place)
    case .ended: return .end
    }
  }

  /// Gives out the next bytes as a piece, and moves the state behind it.
  ///
  /// - Parameters:
  ///   - lines: how many line feeds the piece holds.
  ///   - place: what comes next.
  mutating func emit(
    _ kind: DumpPiece.Kind, byteCount: Int, lines: Int, then place: DumpReaderState.Place
  ) -> Step {
    let piece = DumpPiece(kind: kind, offset: state.offset, byteCount: byteCount, line: state.line)
    buffer.take(byteCount)
    state.offset += Int64(byteCount)
    state.line += Int64(lines)
    state.place = place
    return .piece(piece)
  }

  /// The refusal of the dump for what stands at an index behind the state.
  func refusal(_ reason: String, at index: Int = 0, hint: String? = nil) -> RecoverError {
    let line = state.line + Int64(buffer.withUnread { ByteSearch.countLines(in: $0, to: min(index, $0.count)) })
    return RecoverError(
      .backupRefused, "\(name): line \(line), byte \(state.offset + Int64(index)): \(reason)", hint: hint)
  }
}

// MARK: Statements

extension DumpSplitter {
  private mutating func statementOrCommand() throws -> Step {
    if buffer.unreadCount == 0 { return buffer.isAtEnd ? .end : .needsBytes }
    if scanner == nil, buffer.withUnread({ $0[0] == Ascii.backslash }) { return try metaCommand() }
    var scanner = self.scanner ?? StatementScanner(syntax: syntax)
    let isLast = buffer.isAtEnd
    switch buffer.withUnread({ scanner.scan($0, isLast: isLast) }) {
    case .complete(let end):
      self.scanner = nil
      return try statement(byteCount: end, insertedRows: scanner.insertedRows)
    case .incomplete:
      self.scanner = scanner
      if buffer.unreadCount > limits.statementBytes { throw tooLong() }
      if !isLast { return .needsBytes }
      self.scanner = nil
      return try unfinishedStatement()
    case .metaCommand(let index):
      self.scanner = nil
      try refuseNullByte(before: index)
      throw refusal(
        "a command for psql inside of a statement", at: index,
        hint: "pg_dump writes none there; remove it if you trust this file")
    }
  }

  private mutating func statement(byteCount: Int, insertedRows: Int?) throws -> Step {
    if byteCount > limits.statementBytes { throw tooLong() }
    try refuseNullByte(before: byteCount)
    let (lines, effect) = buffer.withUnread { bytes in
      let text = bytes.extracting(0..<byteCount)
      return (ByteSearch.countLines(in: text, to: byteCount), StatementEffect(of: text, syntax: syntax, in: state))
    }
    statementSyntax = syntax
    var place = DumpReaderState.Place.between
    switch effect {
    case .none: break
    case .copy(let copy): place = .copyHead(copy)
    case .unknownCopy: throw refusal("a COPY statement that can't be understood, so that its data can't be found")
    case .binaryCopy:
      throw refusal("COPY data in binary format", hint: "a plain dump can't hold it; psql can't read it either")
    case .session(let setting):
      setting.apply(to: &state)
      syntax = state.syntax
    }
    return emit(.statement(insertedRows: insertedRows), byteCount: byteCount, lines: lines, then: place)
  }

  private mutating func unfinishedStatement() throws -> Step {
    let count = buffer.unreadCount
    try refuseNullByte(before: count)
    let lines = buffer.withUnread { ByteSearch.countLines(in: $0, to: count) }
    return emit(.unfinished(.statement), byteCount: count, lines: lines, then: .ended)
  }

  private func tooLong() -> RecoverError {
    let limit = limits.statementBytes
    if let index = nullByte(before: buffer.unreadCount) { return nullByteRefusal(at: index) }
    return refusal(
      "the statement that begins here is longer than the limit of \(ByteCount(limit)) (\(limit) bytes)",
      hint: "a plain dump this large should hold its rows as COPY data, which may have any length")
  }

  private func nullByte(before end: Int) -> Int? {
    buffer.withUnread { ByteSearch.firstIndex(of: 0, in: $0, from: 0, to: min(end, $0.count)) }
  }

  private func nullByteRefusal(at index: Int) -> RecoverError {
    refusal("a NUL byte, which SQL text never holds", at: index, hint: "this is no plain SQL dump, or it is damaged")
  }

  func refuseNullByte(before end: Int) throws {
    if let index = nullByte(before: end) { throw nullByteRefusal(at: index) }
  }
}
