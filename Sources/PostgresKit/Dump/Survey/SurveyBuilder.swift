internal import RecoverBase

/// Collects what a dump holds, piece by piece.
struct SurveyBuilder {
  private let limits: DumpSurvey.Limits
  private var hasher = DigestBuilder()
  private var origin = DumpOrigin()
  private var footers = Footers()
  private var finished: [DumpSegment] = []
  private var current: SegmentBuilder
  private var databases: [DumpDatabase] = []
  private var databaseTextBytes = 0
  private var objectCount = 0
  private var escapeCount = 0
  private var hasStatements = false
  /// What is open at the end of the dump.
  var unfinished: DumpPiece.Unfinished?

  /// First and last lines of pg_dump and pg_dumpall; a dump of a cluster holds one pair a database.
  private struct Footers {
    var opened = 0
    var closed = 0
    var clusterIsOpen = false
  }

  init(state: DumpReaderState, limits: DumpSurvey.Limits) {
    self.limits = limits
    current = SegmentBuilder(database: state.database, offset: state.offset, line: state.line)
  }

  // Bytes have no padding that could be read by mistake.
  mutating func hash(_ bytes: Span<UInt8>) { hasher.update(unsafe bytes.bytes) }

  // MARK: Comments

  /// - Parameter place: what the bytes begin inside of.
  mutating func add(space: Span<UInt8>, place: DumpReaderState.Place) {
    // Most of it is a line feed between two INSERTs.
    guard space.count > 8 else { return }
    CommentLines.each(in: space, from: place) { comment in
      origin.note(comment)
      switch comment {
      case "PostgreSQL database dump": footers.opened += 1
      case "PostgreSQL database dump complete": footers.closed += 1
      case "PostgreSQL database cluster dump": footers.clusterIsOpen = true
      case "PostgreSQL database cluster dump complete": footers.clusterIsOpen = false
      default: break
      }
    }
  }

  // MARK: Statements and rows

  /// Counts an `INSERT ... VALUES`.
  ///
  /// - Returns: false when it is written so oddly that it has to be looked at as any other statement.
  mutating func add(insert: Span<UInt8>, rows: Int, syntax: SQLSyntax) -> Bool {
    hasStatements = true
    if current.add(insert: insert, rows: rows) { return true }
    var cursor = SQLCursor(insert, syntax: syntax, headBytes: 1 << 10)
    guard cursor.take("insert", "into"), let table = cursor.qualifiedName() else { return false }
    current.add(insertInto: table, head: Array(cursor.bytes[..<cursor.lastEnd]), rows: rows, bytes: insert.count)
    return true
  }

  /// Counts a run of INSERTs.
  mutating func add(_ run: DumpInsertRun, byteCount: Int64) {
    hasStatements = true
    current.add(run, byteCount: byteCount)
  }

  mutating func add(rows: Int, bytes: Int, of copy: DumpCopy?) {
    if let copy { current.add(rows: rows, bytes: bytes, of: copy) }
  }

  mutating func add(_ statement: DumpStatement, of piece: DumpPiece) {
    hasStatements = true
    current.need(roles: statement.roles, tablespace: statement.tablespace)
    if let escape = statement.escape { add(escape, line: piece.line) }
    switch statement.kind {
    case .setting(let setting): current.apply(setting)
    case .copyFromStdin(let copy): current.begin(copy)
    case .insert(let table): current.add(insertInto: table, head: nil, rows: nil, bytes: piece.byteCount)
    case .create(let object), .createIndex(let object, _): add(object)
    case .alterOwner(_, _, let role), .setRole(let role?): current.need(owner: role)
    case .largeObject(.create(let oid)): add(DumpObject(.largeObject, SQLName(String(oid))))
    default: break
    }
  }

  private mutating func add(_ object: DumpObject) {
    objectCount += 1
    if objectCount == limits.objects + 1 {
      current.forgetObjects()
      for index in finished.indices {
        finished[index].objects = []
        finished[index].hasAllObjects = false
      }
    }
    current.add(object, isKept: objectCount <= limits.objects)
  }

  private mutating func add(_ escape: DumpStatement.Escape, line: Int64) {
    switch escape {
    // Whose database it is shows only at the end.
    case .database: return
    case .role, .tablespace, .parameter: if isInGlobals { return }
    case .serverConfiguration, .program, .serverFile, .library: break
    }
    escapeCount += 1
    current.add(DumpEscape(escape: escape, line: line), isKept: escapeCount <= limits.escapes)
  }

  /// Whether what comes now is what pg_dumpall writes before the first database.
  private var isInGlobals: Bool { origin.isCluster && current.segment.database == nil }

  // MARK: Databases

  mutating func add(_ change: DumpDatabaseChange, of name: String, statement: DumpDatabase.Statement) throws {
    databaseTextBytes += statement.text.bytes.count
    guard databaseTextBytes <= limits.databaseTextBytes else {
      throw RecoverError(
        .backupRefused,
        "line \(statement.line): the statements about whole databases are longer than the limit of "
          + "\(ByteCount(limits.databaseTextBytes))")
    }
    databases[index(of: name)].statements.append(statement)
  }

  private mutating func index(of name: String) -> Int {
    if let index = databases.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) { return index }
    databases.append(DumpDatabase(name: name))
    return databases.count - 1
  }

  mutating func add(_ command: DumpMetaCommand, of piece: DumpPiece) {
    switch command {
    case .restrict, .unrestrict, .encoding: break
    case .connect(nil): current.reconnect()
    case .connect(let name?):
      databases[index(of: name)].isConnected = true
      if let database = current.segment.database, database.utf8.elementsEqual(name.utf8) {
        current.reconnect()
      } else {
        finished.append(current.finished(endOffset: piece.offset))
        current = SegmentBuilder(database: name, offset: piece.offset, line: piece.line)
        if objectCount > limits.objects { current.forgetObjects() }
      }
    }
  }

  // MARK: The end

  /// - Parameter state: the reader's, at the end of the dump.
  func finish(at state: DumpReaderState) -> DumpSurvey {
    var segments = finished + [current.finished(endOffset: state.offset)]
    segments[0].isGlobals = origin.isCluster && segments[0].database == nil
    for database in databases where !database.isConnected {
      for statement in database.statements {
        let index = segments.lastIndex { $0.line <= statement.line } ?? 0
        segments[index].add(DumpEscape(escape: .database(database.name), line: statement.line), limit: limits.escapes)
      }
    }
    return DumpSurvey(
      digest: hasher.finish(), byteCount: state.offset, completeness: completeness(at: state), origin: origin,
      segments: segments, databases: databases)
  }

  private func completeness(at state: DumpReaderState) -> DumpSurvey.Completeness {
    switch unfinished {
    case .statement: return .truncated("it ends in the middle of a statement")
    case .comment: return .truncated("it ends in the middle of a comment")
    case .copyData: return .truncated("it ends in the middle of COPY data")
    case nil: break
    }
    if state.restrictKey != nil { return .truncated("the \\unrestrict that lifts its \\restrict is missing") }
    guard origin.hasBanner else { return hasStatements ? .unknown : .truncated("it holds no statement") }
    if footers.clusterIsOpen { return .truncated("the last line of pg_dumpall is missing") }
    return footers.closed < footers.opened ? .truncated("the last line of pg_dump is missing") : .complete
  }
}
