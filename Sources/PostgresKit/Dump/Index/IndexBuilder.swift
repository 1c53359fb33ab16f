internal import RecoverBase

/// Collects where everything in a dump stands, piece by piece.
///
/// Every method takes the piece, and the reader's state before it.
struct IndexBuilder {
  let limits: DumpIndex.Limits
  private var entries: [DumpEntry] = []
  private var states: [DumpIndexState] = []
  private var indices: [DumpIndexState: Int] = [:]
  /// The state of the next entry, where nothing has changed it since the last one.
  private var state: Int?
  private var session = SessionState()
  /// What was in force at the BEGIN that is open: ROLLBACK brings it back.
  private var sessionAtBegin: SessionState?
  private var refusal: String?
  private var textBytes = 0
  /// The head of the last INSERT, up to its table or its columns: most INSERTs are like the one before.
  private var insertHead: [UInt8] = []
  /// The COPY that the last entry is, while its data goes on.
  private var copy: DumpCopyBlock?
  /// Whether the next data belongs to the copy's last chunk.
  private var isChunkOpen = false
  private var group: Group = .none

  /// Whether a transaction of large-object calls is open.
  private enum Group {
    case none
    /// The last entry is a BEGIN.
    case begun
    /// A BEGIN and the calls behind it, neither of which is among the entries yet; cut between two objects.
    case calls(begin: DumpEntry, calls: [DumpEntry], last: DumpLargeObjectCall)
  }

  init(limits: DumpIndex.Limits) { self.limits = limits }

  consuming func finish(digest: Digest, byteCount: Int64) -> DumpIndex {
    closeCopy()
    dissolveGroup()
    return DumpIndex(
      digest: digest, byteCount: byteCount, chunkBytes: limits.chunkBytes, states: states, entries: entries,
      refusal: refusal)
  }

  // MARK: Entries

  private mutating func giveUp(_ reason: String) {
    refusal = refusal ?? reason
    (entries, states, indices, copy, group) = ([], [], [:], nil, .none)
  }

  private mutating func stateIndex(_ before: DumpReaderState) -> Int {
    if let state { return state }
    let value = DumpIndexState(before, session: session)
    let index = indices[value] ?? states.count
    if index == states.count {
      states.append(value)
      indices[value] = index
    }
    state = index
    return index
  }

  private mutating func entry(
    _ piece: DumpPiece, _ before: DumpReaderState, _ content: DumpEntry.Content
  ) -> DumpEntry {
    DumpEntry(
      offset: piece.offset, line: piece.line, byteCount: Int64(piece.byteCount), state: stateIndex(before),
      content: content)
  }

  private mutating func append(_ entry: DumpEntry) {
    guard refusal == nil else { return }
    entries.append(entry)
    if entries.count > limits.entries { giveUp("it has more than \(limits.entries) parts that can't be joined") }
    if states.count > limits.states { giveUp("it changes settings in more than \(limits.states) ways") }
  }

  /// Adds bytes to what came last.
  private mutating func extend(by byteCount: Int) {
    if case .calls(let begin, var calls, let last) = group {
      calls[calls.count - 1].byteCount += Int64(byteCount)
      group = .calls(begin: begin, calls: calls, last: last)
    } else if !entries.isEmpty {
      entries[entries.count - 1].byteCount += Int64(byteCount)
    }
  }

  private var isInGroup: Bool { if case .calls = group { true } else { false } }

  /// Whether an entry can be made part of the last one, as far as its content allows.
  private func joinsLast(_ entry: DumpEntry) -> Bool {
    guard let last = entries.last else { return false }
    return last.state == entry.state && last.byteCount < Int64(limits.chunkBytes)
  }
}

// MARK: Space, commands, statements

extension IndexBuilder {
  mutating func add(space piece: DumpPiece, _ before: DumpReaderState) {
    guard refusal == nil else { return }
    if entries.isEmpty, !isInGroup { return append(entry(piece, before, .space)) }
    extend(by: piece.byteCount)
    guard copy != nil else { return }
    // The rest of the line on which the COPY statement stands.
    copy?.dataOffset += Int64(piece.byteCount)
    copy?.dataLine += 1
  }

  mutating func add(command: DumpMetaCommand, _ piece: DumpPiece, _ before: DumpReaderState) {
    guard refusal == nil else { return }
    dissolveGroup()
    append(entry(piece, before, .command(command)))
    if case .connect = command { (session, sessionAtBegin) = (SessionState(), nil) }
    state = nil
    insertHead = []
  }

  mutating func add(unfinished piece: DumpPiece, _ before: DumpReaderState) {
    guard refusal == nil else { return }
    closeCopy()
    dissolveGroup()
    if piece.byteCount > 0 { append(entry(piece, before, .unfinished)) }
  }

  /// - Parameters:
  ///   - statement: what the piece does.
  ///   - bytes: the piece itself.
  ///   - after: the reader's state behind it.
  mutating func add(
    _ statement: DumpStatement, _ bytes: Span<UInt8>, syntax: SQLSyntax, _ piece: DumpPiece,
    _ before: DumpReaderState, after: DumpReaderState
  ) {
    guard refusal == nil else { return }
    insertHead = []
    switch statement.kind {
    case .copyFromStdin(let copy): begin(copy, piece, before, dataLine: after.line)
    case .largeObject(.create), .largeObject(.unlink), .alterOwner(.largeObject, _, _), .alter(.largeObject, _),
      .comment(.largeObject, _):
      add(object: piece, before)
    case .largeObject(let call): add(call, piece, before)
    case .privileges where Self.isOnLargeObject(bytes, syntax): add(object: piece, before)
    case .begin:
      add(plain: bytes, piece, before)
      group = .begun
      sessionAtBegin = session
    case .commit:
      if !closeGroup(with: piece) { add(plain: bytes, piece, before) }
      sessionAtBegin = nil
    case .rollback:
      add(plain: bytes, piece, before)
      (session, sessionAtBegin, state) = (sessionAtBegin ?? session, nil, nil)
    case .setting, .setRole, .setSessionAuthorization, .other:
      add(plain: bytes, piece, before)
      apply(statement, bytes, syntax)
    // An index is kept on disk.
    default: add(plain: bytes, piece, before, keepsText: !statement.kind.mayHoldPassword)
    }
  }

  private mutating func add(
    plain bytes: Span<UInt8>, _ piece: DumpPiece, _ before: DumpReaderState, keepsText: Bool = true
  ) {
    dissolveGroup()
    var text: SQLText?
    if keepsText, bytes.count <= limits.statementTextBytes, textBytes + bytes.count <= limits.textBytes {
      textBytes += bytes.count
      text = SQLText(Array(copying: bytes))
    }
    append(entry(piece, before, .statement(byteCount: piece.byteCount, text: text)))
  }

  private mutating func apply(_ statement: DumpStatement, _ bytes: Span<UInt8>, _ syntax: SQLSyntax) {
    state = nil
    guard case .session(let change) = LoadStatement(statement, bytes, syntax: syntax).role else { return }
    session.apply(change, statement: SQLText(Array(copying: bytes)))
  }

  private static func isOnLargeObject(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> Bool {
    var cursor = SQLCursor(bytes, syntax: syntax, headBytes: 1 << 10)
    guard cursor.skip(to: "on") else { return false }
    cursor.advance()
    return cursor.take("large", "object")
  }
}

// MARK: Rows

extension IndexBuilder {
  /// An `INSERT ... VALUES`.
  mutating func add(
    insert bytes: Span<UInt8>, rows: Int, syntax: SQLSyntax, _ piece: DumpPiece, _ before: DumpReaderState
  ) {
    guard refusal == nil else { return }
    let isLikeLast =
      !insertHead.isEmpty && bytes.count > insertHead.count && bytes.starts(with: insertHead)
      && Ascii.isSpace(bytes[insertHead.count])
    if isLikeLast, case .inserts(var run)? = entries.last?.content, joinsLast(entry(piece, before, .space)) {
      run.statements += 1
      run.rows += Int64(rows)
      if run.columns != nil, Self.mentionsDefault(bytes, from: insertHead.count) { run.columns = nil }
      entries[entries.count - 1].content = .inserts(run)
      return extend(by: piece.byteCount)
    }
    var cursor = SQLCursor(bytes, syntax: syntax, headBytes: 1 << 14)
    guard cursor.take("insert", "into"), let table = cursor.qualifiedName() else {
      insertHead = []
      return add(plain: bytes, piece, before)
    }
    dissolveGroup()
    let columns = namedColumns(&cursor)
    insertHead = Array(cursor.bytes[..<cursor.lastEnd])
    var run = DumpInsertRun(table: table, columns: columns, statements: 1, rows: Int64(rows))
    if columns != nil, Self.mentionsDefault(bytes, from: insertHead.count) { run.columns = nil }
    append(entry(piece, before, .inserts(run)))
  }

  /// The names in parentheses behind the table, if some are there and the limits allow to keep them.
  private mutating func namedColumns(_ cursor: inout SQLCursor) -> [String]? {
    let table = cursor
    guard let names = cursor.nameList() else {
      cursor = table
      return nil
    }
    textBytes += names.reduce(0) { $0 + $1.utf8.count }
    return textBytes <= limits.textBytes ? names : nil
  }

  /// Whether the word DEFAULT may be among the values; what is text is taken for one, too.
  private static func mentionsDefault(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    let word = Array("default".utf8)
    var index = start
    while index + word.count <= bytes.count {
      if Ascii.lowercased(bytes[index]) == word[0],
        word.indices.allSatisfy({ Ascii.lowercased(bytes[index + $0]) == word[$0] })
      {
        return true
      }
      index += 1
    }
    return false
  }

  private mutating func begin(_ copy: DumpCopy, _ piece: DumpPiece, _ before: DumpReaderState, dataLine: Int64) {
    dissolveGroup()
    textBytes += copy.statement.bytes.count
    // Without these texts no data can be loaded.
    guard textBytes <= 2 * limits.textBytes else {
      return giveUp("its statements are longer than \(ByteCount(limits.textBytes))")
    }
    let block = DumpCopyBlock(copy: copy, dataOffset: piece.offset + Int64(piece.byteCount), dataLine: dataLine)
    append(entry(piece, before, .copy(block)))
    if refusal == nil { (self.copy, isChunkOpen) = (block, false) }
  }

  mutating func add(data piece: DumpPiece, rows: Int, endsAtRow: Bool) {
    guard refusal == nil, let rowsBefore = copy?.rows else { return }
    extend(by: piece.byteCount)
    if !isChunkOpen {
      copy?.chunks.append(.init(offset: piece.offset, line: piece.line, rowsBefore: rowsBefore))
      isChunkOpen = true
    }
    copy?.add(bytes: Int64(piece.byteCount), rows: Int64(rows))
    if endsAtRow, let size = copy?.chunks.last?.byteCount, size >= Int64(limits.chunkBytes) { isChunkOpen = false }
  }

  mutating func add(copyEnd piece: DumpPiece) {
    guard refusal == nil else { return }
    extend(by: piece.byteCount)
    copy?.endBytes = piece.byteCount
    closeCopy()
  }

  /// The data of the last entry is over.
  private mutating func closeCopy() {
    if let copy, !entries.isEmpty { entries[entries.count - 1].content = .copy(copy) }
    copy = nil
  }
}

extension DumpCopyBlock {
  /// Adds data to the last chunk.
  fileprivate mutating func add(bytes: Int64, rows: Int64) {
    dataBytes += bytes
    self.rows += rows
    chunks[chunks.count - 1].byteCount += bytes
    chunks[chunks.count - 1].rows += rows
  }
}

// MARK: Large objects

extension IndexBuilder {
  private mutating func add(object piece: DumpPiece, _ before: DumpReaderState) {
    dissolveGroup()
    join(entry(piece, before, .largeObjects(DumpLargeObjectRun(kind: .objects, statements: 1))))
  }

  /// lo_open, lowrite or lo_close.
  private mutating func add(_ call: DumpLargeObjectCall, _ piece: DumpPiece, _ before: DumpReaderState) {
    let added = entry(piece, before, .largeObjects(DumpLargeObjectRun(kind: .calls, statements: 1)))
    switch group {
    case .none: join(added)
    case .begun:
      guard let begin = entries.popLast() else { return }
      group = .calls(begin: begin, calls: [added], last: call)
    case .calls(let begin, var calls, let last):
      var isNext = false
      if case (.close, .open) = (last, call) { isNext = calls[calls.count - 1].byteCount >= Int64(limits.chunkBytes) }
      if isNext {
        calls.append(added)
      } else {
        calls[calls.count - 1].byteCount += added.byteCount
        calls[calls.count - 1].content.countStatement(1)
      }
      group = .calls(begin: begin, calls: calls, last: call)
    }
  }

  /// Ends a transaction of calls at its COMMIT; false where none is open.
  private mutating func closeGroup(with piece: DumpPiece) -> Bool {
    guard case .calls(let begin, var calls, _) = group else { return false }
    group = .none
    calls[0].take(in: begin)
    calls[calls.count - 1].byteCount += Int64(piece.byteCount)
    calls[calls.count - 1].content.countStatement(1)
    for (number, var part) in calls.enumerated() {
      part.content.setKind(.data)
      if number == 0 { join(part) } else { append(part) }
    }
    return true
  }

  /// Makes a run of large-object statements part of the last entry, where that is alike and not full.
  private mutating func join(_ entry: DumpEntry) {
    guard case .largeObjects(let run) = entry.content, case .largeObjects(let last)? = entries.last?.content,
      run.kind == last.kind, joinsLast(entry)
    else { return append(entry) }
    entries[entries.count - 1].content.countStatement(run.statements)
    entries[entries.count - 1].byteCount += entry.byteCount
  }

  /// What looked like a transaction of calls is something else: its parts are entries of their own.
  private mutating func dissolveGroup() {
    defer { group = .none }
    guard case .calls(let begin, let calls, _) = group else { return }
    for entry in [begin] + calls { append(entry) }
  }
}

extension DumpEntry {
  /// Makes a BEGIN, which stands right before it, part of it.
  fileprivate mutating func take(in begin: DumpEntry) {
    (offset, line, state) = (begin.offset, begin.line, begin.state)
    byteCount += begin.byteCount
    content.countStatement(1)
  }
}

extension DumpEntry.Content {
  fileprivate mutating func setKind(_ kind: DumpLargeObjectRun.Kind) {
    guard case .largeObjects(var run) = self else { return }
    run.kind = kind
    self = .largeObjects(run)
  }

  fileprivate mutating func countStatement(_ count: Int64) {
    guard case .largeObjects(var run) = self else { return }
    run.statements += count
    self = .largeObjects(run)
  }
}

extension DumpStatement.Kind {
  /// Whether passwords have their place in such a statement: of a role, or of what logs in elsewhere (PostgreSQL,
  /// "CREATE ROLE", "CREATE USER MAPPING", "CREATE SERVER", "CREATE SUBSCRIPTION").
  fileprivate var mayHoldPassword: Bool {
    switch self {
    case .role: true
    case .create(let object): Self.loggingIn.contains(object.kind)
    case .alter(let kind, _): Self.loggingIn.contains(kind)
    default: false
    }
  }

  private static var loggingIn: Set<DumpObject.Kind> { [.userMapping, .server, .subscription] }
}
