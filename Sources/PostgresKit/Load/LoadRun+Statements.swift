internal import RecoverBase

/// How statements are run: most of them many to a transaction, some in one of their own, a few outside of any.
extension LoadRun where Source: ~Copyable {
  mutating func runStatement() throws {
    if let copy = reader.state.copy {
      try decideTransaction(isLargeObject: false)
      guard let staged = staged(copy) else { return try passOver(copy) }
      return try beginCopy(staged)
    }
    if let staging = request.staging, try runStaged(staging) { return }
    switch edits[piece.offset] {
    case .passOver?: return
    case .replace(let text)?: return try runReplaced(text)
    case nil: break
    }
    let statement = currentStatement
    try decideTransaction(isLargeObject: statement.role == .largeObject)
    switch (mode, statement.role) {
    case (_, .empty): return
    case (_, .passedOver(let reason)): remark(reason, in: \.passedOver)
    case (_, .refused(let reason)):
      throw refusal(reason, hint: "take it out of the dump if you trust it, and run it by hand")
    case (.transaction, .transaction(.commit)): try commitTransaction()
    case (.transaction, .transaction(.rollback)): try rollbackTransaction()
    case (.transaction, .session(let change)): try session.change(change, reader.text, at: piece.offset)
    case (.transaction, _): try add(statement)
    case (.statements, .largeObject) where endOffset != nil && opensLargeObject:
      try add(statement)
      // A descriptor lives as long as the transaction; between two objects there is none.
      mode = .largeObjects(beginOffset: nil)
    case (.largeObjects(nil), .largeObject):
      try add(statement)
      if reader.statement.kind == .largeObject(.close) { mode = .statements }
    case (.largeObjects(_?), .largeObject): try add(statement)
    case (.largeObjects(_?), .transaction(.commit)): mode = .statements
    case (.largeObjects(let offset?), _):
      // More than large objects: its ROLLBACK or its deferred constraints may matter.
      ownTransactionOffsets.insert(offset)
      throw Rerun()
    case (_, _): try runOutsideTransaction(statement)
    }
  }

  /// Whether the current piece is an lo_open.
  private var opensLargeObject: Bool {
    if case .largeObject(.open) = reader.statement.kind { true } else { false }
  }

  /// Runs a statement that stands in no transaction of the dump.
  private mutating func runOutsideTransaction(_ statement: LoadStatement) throws {
    if aloneOffsets.contains(piece.offset) || isPendingHere { return try runAlone(aloneKind(of: statement.role)) }
    switch statement.role {
    case .transaction(.begin): mode = .begun(piece, before, reader.text)
    case .transaction(.commit), .transaction(.rollback): return
    case .transaction(.inside): try runAlone(.repeatable)
    case .alone(let kind): try runAlone(kind)
    case .single(let tolerance): try runSingle(tolerance)
    case .session(let change):
      if isCareful { try commit(at: before) }
      try session.change(change, reader.text, at: piece.offset)
      if isCareful { try commit(at: reader.state) }
    case .plain, .insert, .largeObject, .sessionBound, .empty, .passedOver, .refused:
      if isCareful {
        try runSingle(.none)
      } else if statement.isHeavy {
        try addHeavy(statement)
      } else {
        try add(statement)
      }
    }
  }

  /// What has to be done with the current piece, which is a statement.
  var currentStatement: LoadStatement {
    let (statement, syntax) = (reader.statement, reader.state.syntax)
    return reader.withBytes { LoadStatement(statement, $0, syntax: syntax) }
  }

  /// The first words of the current piece, which is a statement.
  var title: String {
    let syntax = reader.state.syntax
    return reader.withBytes { LoadStatement.title(of: $0, syntax: syntax) }
  }

  /// Runs a statement that may take long, so that a life that is cut off in it loses little else.
  ///
  /// It shares a transaction only with what took no time to speak of, and no message at all.
  private mutating func addHeavy(_ statement: LoadStatement) throws {
    try session.flush()
    if session.batch.isOld(request) { try commit(at: before) }
    announce()
    try add(statement)
    try session.flush()
    if session.batch.isOld(request) { try commit(at: reader.state) }
  }

  /// Runs what belongs to a chosen table, under its new name, and passes over everything else.
  ///
  /// - Returns: false for a statement that is run as it is written.
  private mutating func runStaged(_ staging: StagingRules) throws -> Bool {
    let (statement, syntax) = (reader.statement, reader.state.syntax)
    let (action, more) = reader.withBytes { bytes in
      (
        staging.action(for: statement, bytes, syntax: syntax),
        staging.afterwards(statement.kind, bytes, syntax: syntax)
      )
    }
    switch action {
    case .asWritten: return false
    case .passOver, .later: return true
    case .run(let text):
      switch currentStatement.role {
      // What `--clean` drops first: there is nothing in a new schema.
      case .single: break
      case .refused(let reason): throw refusal(reason)
      case .insert(let table):
        try session.add(text.bytes.span, at: piece.offset, table: staging.names.moved(table), mayDraw: true)
        if isCareful { try session.flush() }
      default: try runReplaced(text, more)
      }
      return true
    }
  }

  /// Runs something else in a statement's place; where it fails among others, again by itself.
  ///
  /// - Parameter more: what runs behind it in the same transaction.
  private mutating func runReplaced(_ text: SQLText, _ more: SQLText? = nil) throws {
    try session.flush()
    if isCareful || session.batch.isOld(request) { try commit(at: before) }
    announce()
    try session.add(text.bytes.span, at: piece.offset, mayDraw: true)
    if let more { try session.add(more.bytes.span, at: piece.offset, mayDraw: true) }
    try session.flush()
    if isCareful || session.batch.isOld(request) { try commit(at: reader.state) }
  }

  /// Adds the statement to the open transaction.
  private mutating func add(_ statement: LoadStatement) throws {
    let role = statement.role
    var table: SQLName?
    if case .insert(let name) = role { table = name }
    if role == .sessionBound { session.sessionBoundLine = session.sessionBoundLine ?? piece.line }
    let (session, offset) = (session, piece.offset)
    try reader.withBytes { try session.add($0, at: offset, table: table, mayDraw: role != .largeObject) }
    if isCareful { try session.flush() }
  }

  /// Whether the current piece was part of a failure, and so runs by itself.
  var isCareful: Bool { careful?.contains(piece.offset) == true }

  /// Whether an earlier life may have begun this very statement.
  private var isPendingHere: Bool {
    session.committed.isPending && session.committed.reader.offset == piece.offset
  }
}

// MARK: Alone, or in a transaction of its own

extension LoadRun where Source: ~Copyable {
  /// Runs the statement in a transaction that holds nothing else, and passes over a failure that is harmless.
  private mutating func runSingle(_ tolerance: Tolerance) throws {
    try commit(at: before)
    announce()
    let (session, offset, text) = (session, piece.offset, reader.text)
    do {
      try session.open(at: offset)
      session.batch.units = 1
      try session.runNow(text)
      try commit(at: reader.state)
    } catch let error as RecoverError {
      guard let state = error.sqlState, !session.connection.isLost,
        let reason = tolerance.reason(for: state, isSuperuser: session.isSuperuser)
      else { throw error }
      try session.rollback()
      remark("\(reason) (SQLSTATE \(state))", in: \.tolerated)
    }
  }

  /// Runs the statement outside of any transaction.
  ///
  /// Before it, the ledger says that it is begun; behind it, that it is over. A life that finds it begun runs it again
  /// where that is harmless, and takes an object that is already there (or already gone) for its work.
  private mutating func runAlone(_ kind: LoadStatement.AloneKind) throws {
    let wasBegun = isPendingHere
    announce()
    switch kind {
    case .repeatable: try commit(at: before)
    case .unknowable where wasBegun:
      throw RecoverError(
        .stepFailed, "\(place): an earlier attempt was cut off here, and nobody can tell how far it came",
        hint: "it commits by itself; drop the half-loaded database and begin anew")
    case .createsIndex(let name) where wasBegun: try session.dropInvalidIndex(name)
    case .creates, .createsIndex, .drops, .unknowable: break
    }
    if kind != .repeatable, !wasBegun { try commit(at: before, isPending: true) }
    do {
      try session.runNow(reader.text)
    } catch let error as RecoverError {
      guard let state = error.sqlState, !session.connection.isLost, isDone(kind, state, wasBegun: wasBegun) else {
        throw error
      }
      remark("done already, or nothing to do (SQLSTATE \(state))", in: \.tolerated)
    }
    guard kind != .repeatable else { return }
    try session.commit(at: reader.state, evenIfEmpty: true)
    try hooks.afterCommit(session.committed.sequence)
  }

  private func isDone(_ kind: LoadStatement.AloneKind, _ state: SQLState, wasBegun: Bool) -> Bool {
    switch kind {
    case .creates, .createsIndex: wasBegun && [.duplicateObject, .duplicateTable].contains(state)
    case .drops: Tolerance.absentObject.reason(for: state, isSuperuser: session.isSuperuser) != nil
    case .repeatable, .unknowable: false
    }
  }

  /// What repeating a statement does of which only the server knew that it can't run in a transaction.
  private func aloneKind(of role: LoadStatement.Role) -> LoadStatement.AloneKind {
    switch role {
    case .alone(let kind): kind
    case .single(.absentObject): .drops
    default: .unknowable
    }
  }

  mutating func remark(_ reason: String, in list: WritableKeyPath<LoadOutcome, [LoadRemark]>) {
    let line = request.places.original(line: piece.line, offset: piece.offset).line
    outcome[keyPath: list].append(LoadRemark(line: line, statement: title, reason: reason))
  }
}

// MARK: The dump's own transactions

extension LoadRun where Source: ~Copyable {
  /// Decides, when a BEGIN was read before this statement, whose transaction it opens.
  ///
  /// pg_dump wraps each large object into a transaction, since a descriptor lives no longer; there may be millions of
  /// them, and they are taken into ours. Every other one is run as it is written, with its ledger row inside.
  mutating func decideTransaction(isLargeObject: Bool) throws {
    guard case .begun(let begin, let state, let text) = mode else { return }
    if isLargeObject, !ownTransactionOffsets.contains(begin.offset) {
      mode = .largeObjects(beginOffset: begin.offset)
      return
    }
    try commit(at: state)
    try session.openAsWritten(text, at: begin.offset)
    mode = .transaction
  }

  private mutating func commitTransaction() throws {
    try commit(at: reader.state)
    mode = .statements
  }

  /// Rolls back what the dump rolls back, and records that.
  private mutating func rollbackTransaction() throws {
    try session.rollback()
    mode = .statements
    try session.commit(at: reader.state, evenIfEmpty: true)
    try hooks.afterCommit(session.committed.sequence)
  }
}
