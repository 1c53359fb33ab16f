/// A lock that a task takes on a table.
struct TableLock: Sendable, Hashable {
  /// The table's OID.
  var table: UInt32
  var mode: LockMode
}

/// The modes of table locks (PostgreSQL, "Explicit Locking"), weakest first.
enum LockMode: Int, Sendable, Hashable, CaseIterable {
  /// SELECT.
  case accessShare
  /// SELECT FOR UPDATE and its like.
  case rowShare
  /// INSERT, COPY FROM.
  case rowExclusive
  /// VALIDATE CONSTRAINT, ANALYZE.
  case shareUpdateExclusive
  /// CREATE INDEX.
  case share
  /// CREATE TRIGGER, ADD FOREIGN KEY.
  case shareRowExclusive
  /// REFRESH MATERIALIZED VIEW CONCURRENTLY.
  case exclusive
  /// TRUNCATE, most of ALTER TABLE.
  case accessExclusive

  /// Whether two sessions can't hold them at the same time ("Conflicting Lock Modes").
  func conflicts(with other: LockMode) -> Bool { Self.table[rawValue] & (1 << UInt8(other.rawValue)) != 0 }

  /// Of each mode, the modes that it conflicts with, as bits.
  private static let table: [UInt8] = [
    0b1000_0000, 0b1100_0000, 0b1111_0000, 0b1111_1000, 0b1110_1100, 0b1111_1100, 0b1111_1110, 0b1111_1111,
  ]
}
