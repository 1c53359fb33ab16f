/// A statement of a dump as the loader sees it: how it has to be run.
struct LoadStatement: Sendable, Hashable {
  var role: Role
  /// Whether it may take long: it scans or rewrites a table, or runs code of the dump.
  var isHeavy = false

  enum Role: Sendable, Hashable {
    /// Nothing but a semicolon.
    case empty
    /// Runs in a transaction together with others.
    case plain
    /// Rows for a table.
    case insert(SQLName)
    /// The large-object calls of pg_dump, which draw from no sequence.
    case largeObject
    /// Changes the session; known statements stay in the transaction.
    case session(SessionChange)
    case transaction(TransactionControl)
    /// Makes what lasts as long as the session: a temporary table, a prepared statement.
    case sessionBound
    /// Runs in a transaction that holds nothing else, since what follows needs it committed, or since it may fail in a
    /// harmless way.
    case single(Tolerance)
    /// Can't run in a transaction, or means something else there.
    case alone(AloneKind)
    /// Is about the database itself, whatever it is called: not run.
    case passedOver(String)
    /// Reaches beyond the database, or into what is ours.
    case refused(String)
  }

  enum TransactionControl: Sendable, Hashable {
    case begin
    case commit
    case rollback
    /// Savepoints, LOCK, SET TRANSACTION: part of a transaction of the dump, an error or nothing outside of one.
    case inside
  }

  /// What repeating a statement does that was cut off without a record of its end.
  enum AloneKind: Sendable, Hashable {
    /// Repeating is harmless: VACUUM, REINDEX, CLUSTER, ANALYZE, SET LOCAL.
    case repeatable
    /// An object that is there already was made by the first attempt.
    case creates
    /// CREATE INDEX CONCURRENTLY: an invalid index of this name is a cut-off attempt, and is dropped first.
    case createsIndex(SQLName)
    /// An object that is absent was dropped by the first attempt.
    case drops
    /// Nobody can tell: a procedure that commits.
    case unknowable
  }
}
