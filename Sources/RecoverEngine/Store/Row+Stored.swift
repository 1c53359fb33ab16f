internal import FoundationEssentials
internal import GRDB
internal import RecoverBase

/// Columns of a file that anybody may have changed: GRDB's own subscript ends the process where a column is missing
/// or holds something else.
extension Row {
  /// What a column holds.
  ///
  /// - Throws: ``RecoverError`` `journal` where it is missing, or holds a value of another type.
  func stored<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
    guard let value: Value = try storedIfPresent(column) else { throw Self.damaged(column) }
    return value
  }

  /// What a column holds; nil for NULL.
  func storedIfPresent<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
    guard hasColumn(column) else { throw Self.damaged(column) }
    let stored: DatabaseValue = self[column]
    if stored.isNull { return nil }
    guard let value = Value.fromDatabaseValue(stored) else { throw Self.damaged(column) }
    return value
  }

  /// The bytes of a blob.
  func storedBytes(_ column: String) throws -> [UInt8] {
    let data: Data = try stored(column)
    return Array(data)
  }

  /// That a column, or what it stands for, can't be read.
  static func damaged(_ column: String) -> RecoverError {
    RecoverError(
      .journal, "the journal can't be read: \(column)",
      hint: "it was changed or is damaged; restore the state directory from a copy")
  }
}
