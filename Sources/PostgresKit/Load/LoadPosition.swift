/// A place in a load that is committed: all that a later life needs to go on from there.
struct LoadPosition: Sendable, Hashable {
  /// The number of its ledger row; 0 is the beginning.
  var sequence: Int64 = 0
  var reader = DumpReaderState.start
  var session = SessionState()
  /// Whether the statement that stands here was perhaps begun already, outside of a transaction.
  var isPending = false
  /// The line of a statement before it that made something which a new session lacks (a temporary table), if any.
  var sessionBoundLine: Int64?
}

/// Rows that one transaction put into a table.
struct LoadedRows: Sendable, Hashable, Codable {
  var table: SQLName
  var rows: Int64
}
