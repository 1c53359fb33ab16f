internal import RecoverBase

/// What becomes of an error: run again more carefully, pass over, or report it with its place in the dump.
extension LoadRun where Source: ~Copyable {
  /// What can't run in a transaction block, or not in one with what was before it (PostgreSQL, appendix A).
  private static var needsNoTransaction: Set<SQLState> { [.activeTransaction, "2D000"] }

  /// The error to throw: ``Rerun`` where the part since the last commit is to be run again in another way.
  mutating func judge(_ error: RecoverError) throws -> any Error {
    guard let state = error.sqlState, state != .none, !session.connection.isLost, !interruption.isRaised else {
      return located(error)
    }
    if isInTransactionOfDump {
      // Its statements may be collected; run one by one, the one that fails is known.
      guard !isCareful, session.batch.units > 1 else { return located(error) }
      careful = session.batch.startOffset..<reader.state.offset
      return Rerun()
    }
    // A message that was collected before the current statement fails in its stead.
    let isOfOther = session.batch.groupStartOffset.map { $0 != piece.offset } ?? false
    if session.batch.units > 1 || isOfOther {
      careful = (session.batch.groupStartOffset ?? session.batch.startOffset)..<reader.state.offset
      return Rerun()
    }
    if Self.needsNoTransaction.contains(state), !aloneOffsets.contains(piece.offset), session.batch.isOpen {
      aloneOffsets.insert(piece.offset)
      return Rerun()
    }
    if case .statement = piece.kind, isSetting,
      let reason = Tolerance.unknownSetting.reason(for: state, isSuperuser: session.isSuperuser)
    {
      try session.rollback()
      remark("\(reason) (SQLSTATE \(state))", in: \.tolerated)
      return Passed()
    }
    return located(error, at: try refusedRow(state))
  }

  /// Where the row stands that the server refuses; nil where the failure is none of a row.
  ///
  /// The server reads behind us, so that the piece that was being sent is not the one that it complains of.
  private func refusedRow(_ state: SQLState) throws -> BadRow.Place? {
    guard case .copy(let progress) = mode, !progress.isInTransaction, progress.copy.format != .opaque, let sentRows,
      state.class == "22" || state.class == "23", state != .foreignKeyViolation
    else { return nil }
    let rows = LoadRows(
      copy: progress.copy, reader: sentRows.start, session: session.state, byteCount: 0, rows: sentRows.count + 1,
      isWhole: false)
    try session.rollback()
    return try BadRow(rows, request: request, interruption: interruption, session).find(open)
  }

  /// The failure was harmless, and the load goes on behind the statement.
  struct Passed: Error {}

  private var isInTransactionOfDump: Bool {
    switch mode {
    case .transaction: true
    case .copy(let progress): progress.isInTransaction
    case .statements, .begun, .largeObjects, .passedCopy: false
    }
  }

  private var isSetting: Bool {
    if case .session(.set) = currentStatement.role { return true }
    return false
  }

  /// `northwind.sql: line 12, byte 345: CREATE TABLE t`.
  var place: String { place(line: piece.line, offset: piece.offset) }

  private func place(line: Int64, offset: Int64) -> String {
    let what = activity
    let original = request.places.original(line: line, offset: offset)
    let place = "\(request.dumpName): line \(original.line), byte \(original.offset)"
    return what.isEmpty ? place : "\(place): \(what)"
  }

  func refusal(_ reason: String, hint: String? = nil) -> RecoverError {
    RecoverError(
      .backupRefused, "\(place): \(reason)", hint: hint)
  }

  /// - Parameter row: where the cause stands, where that is not the current piece.
  private func located(_ error: RecoverError, at row: BadRow.Place? = nil) -> RecoverError {
    // What is refused, and what runs in one piece, has its place already.
    if error.code == .backupRefused { return error }
    var error = error
    error.message = "\(row.map { place(line: $0.line, offset: $0.offset) } ?? place): \(error.message)"
    if error.code == .missingRequirement || error.code == .stepFailed {
      error.hint = error.hint ?? "correct the cause, and load it again"
    }
    return error
  }
}
