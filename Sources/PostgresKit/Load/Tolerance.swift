/// Which failure of a statement is known to be harmless.
enum Tolerance: Sendable, Hashable {
  case none
  /// DROP, in a dump made with `--clean`, of what is not there: psql without ON_ERROR_STOP would go on as well.
  case absentObject
  /// CREATE SCHEMA public: every new database has one.
  case existingSchema
  /// CREATE and COMMENT ON EXTENSION by a role that is no superuser: what every database has anyway, or a comment.
  case missingRight
  /// SET of a parameter that came with a later version than the server's.
  case unknownSetting

  /// Why the failure is harmless; nil when it is none of the harmless ones.
  func reason(for state: SQLState, isSuperuser: Bool) -> String? {
    switch self {
    case .none: nil
    case .absentObject: Self.absences.contains(state) ? "there was nothing to drop" : nil
    case .existingSchema: state == .duplicateSchema ? "the schema is there already" : nil
    case .missingRight:
      state == .insufficientPrivilege && !isSuperuser ? "it takes a superuser, and changes no data" : nil
    case .unknownSetting: state == .undefinedObject ? "the server does not know this setting" : nil
    }
  }

  private static let absences: Set<SQLState> = [
    .undefinedObject, .undefinedTable, .undefinedFunction, .undefinedColumn, .invalidSchemaName,
  ]
}
