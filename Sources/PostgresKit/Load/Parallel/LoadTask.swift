/// A piece of work of the parallel stages: one connection does it at a time, and records it when it is done.
struct LoadTask: Sendable, Hashable {
  var work: Work
  /// The byte of the dump at which it begins: its name in the ledger.
  var offset: Int64
  /// For errors.
  var line: Int64
  /// What is being done, for people: `CREATE INDEX orders_day`.
  var title: String
  /// How many bytes of the dump it takes in.
  var byteCount: Int64
  /// The table that it belongs to, by OID, or 0.
  ///
  /// The larger table comes first.
  var table: UInt32 = 0
  var locks: [TableLock] = []
  /// The tasks that have to be done before, as indices into the graph.
  var needs: [Int] = []

  enum Work: Sendable, Hashable {
    /// Data of one COPY.
    case rows(LoadRows)
    /// Statements, and small data, in the order of the dump, up to a byte; some of them passed over.
    case part(LoadPosition, endOffset: Int64, passedOver: Set<Int64>)
    /// One statement.
    case statement(SQLText, SessionState)
    /// Nothing: what many tasks wait for is done.
    case barrier
  }
}

/// Data of a COPY that is loaded in one transaction.
struct LoadRows: Sendable, Hashable {
  var copy: DumpCopy
  /// Where a reader has to begin.
  var reader: DumpReaderState
  var session: SessionState
  var byteCount: Int64
  var rows: Int64
  /// Whether it is all data of an ordinary table that was made empty, so that its rows can be written as frozen.
  var isWhole: Bool
}
