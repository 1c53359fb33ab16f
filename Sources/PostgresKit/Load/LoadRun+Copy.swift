internal import RecoverBase

/// How COPY data is streamed: in pieces, committed now and then between two rows.
extension LoadRun where Source: ~Copyable {
  mutating func beginCopy(_ copy: DumpCopy) throws {
    var isInTransaction = false
    switch mode {
    case .transaction: isInTransaction = true
    case .largeObjects(let offset?):
      ownTransactionOffsets.insert(offset)
      throw Rerun()
    case .largeObjects(nil), .statements, .begun, .copy, .passedCopy: if isCareful { try commit(at: before) }
    }
    try session.beginCopy(copy, at: piece.offset)
    // Cutting means COPY again, which a transaction of the dump, and what is not known to have rows, forbid.
    let mayCut = !isInTransaction && copy.format != .opaque && !wholeCopyOffsets.contains(copy.offset)
    mode = .copy(CopyProgress(copy: copy, mayCut: mayCut ? nil : false, isInTransaction: isInTransaction))
  }

  /// Goes on inside of a COPY where the last life, or a part that is run again, stopped.
  mutating func enterCopyIfInside() throws {
    guard let copy = reader.state.copy else { return }
    guard request.rules.database == nil || reader.state.database == request.rules.database else {
      mode = .passedCopy
      return
    }
    guard let copy = staged(copy) else { return mode = .passedCopy }
    try session.beginCopy(copy, at: reader.state.offset)
    mode = .copy(CopyProgress(copy: copy, mayCut: true, isInTransaction: false))
  }

  /// Goes on behind the rows of a table that is not loaded.
  mutating func passOver(_ copy: DumpCopy) throws {
    mode = .passedCopy
    guard let next = request.staging?.jumps[copy.offset] else { return }
    mode = .statements
    reader = try DumpLoader.reader(request, at: next, open)
  }

  /// The COPY as it is run; nil for one of a table that is not loaded.
  func staged(_ copy: DumpCopy) -> DumpCopy? {
    guard let staging = request.staging else { return copy }
    return staging.staged(copy, syntax: reader.state.syntax)
  }

  mutating func copyData(rows: Int, endsAtRow: Bool) throws {
    guard case .copy(var progress) = mode else { return }
    let session = session
    if sentRows == nil { sentRows = SentRows(start: before) }
    sentRows?.count += Int64(rows)
    try reader.withBytes { try session.writeCopy($0, rows: rows) }
    guard endsAtRow, progress.mayCut != false, session.batch.isDue(at: reader.state.offset, request) else { return }
    if progress.mayCut == nil {
      try endFirstPart(progress.copy)
      progress.mayCut = true
      mode = .copy(progress)
    } else {
      try endCopyPart(progress.copy)
    }
    try commit(at: reader.state, goingOn: true)
    sentRows = nil
    try session.beginCopy(progress.copy, at: reader.state.offset)
  }

  /// Ends the part before the first cut, which shows whether the COPY may be cut at all; where not, it runs again whole.
  private mutating func endFirstPart(_ copy: DumpCopy) throws {
    do {
      try endCopyPart(copy)
      if try session.mayCut(copy.table) { return }
    } catch let error as RecoverError {
      // Its rows may refer to rows that are still to come, or a trigger may miss them.
      guard let state = error.sqlState, Self.completesLater.contains(state) else { throw error }
    }
    wholeCopyOffsets.insert(copy.offset)
    throw Rerun()
  }

  /// A foreign key that is violated so far, and an error that a trigger raises.
  private static var completesLater: Set<SQLState> { [.foreignKeyViolation, "P0001"] }

  /// Ends the data that was sent since the last commit, and counts it.
  mutating func endCopyPart(_ copy: DumpCopy) throws { try session.endCopy(copy.table) }

  mutating func copyEnd() throws {
    guard case .copy(let progress) = mode else {
      mode = .statements
      return
    }
    try endCopyPart(progress.copy)
    sentRows = nil
    mode = progress.isInTransaction ? .transaction : .statements
    if !progress.isInTransaction, careful?.contains(progress.copy.offset) == true { try commit(at: reader.state) }
  }
}
