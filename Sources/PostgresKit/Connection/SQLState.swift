package import RecoverBase

/// A five-character SQLSTATE code (PostgreSQL, appendix A), as the server sends it.
package struct SQLState: Sendable, Hashable, RawRepresentable, Codable {
  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }

  /// The first two characters.
  package var `class`: String { String(rawValue.prefix(2)) }
}

extension SQLState: ExpressibleByStringLiteral, CustomStringConvertible {
  package init(stringLiteral value: String) { self.init(rawValue: value) }
  package var description: String { rawValue }
}

extension SQLState {
  package static let activeTransaction: SQLState = "25001"
  package static let inFailedTransaction: SQLState = "25P02"
  package static let foreignKeyViolation: SQLState = "23503"
  package static let serializationFailure: SQLState = "40001"
  package static let deadlockDetected: SQLState = "40P01"
  package static let insufficientPrivilege: SQLState = "42501"
  package static let undefinedColumn: SQLState = "42703"
  package static let undefinedFunction: SQLState = "42883"
  package static let undefinedObject: SQLState = "42704"
  package static let undefinedTable: SQLState = "42P01"
  package static let invalidSchemaName: SQLState = "3F000"
  package static let duplicateSchema: SQLState = "42P06"
  package static let duplicateObject: SQLState = "42710"
  package static let duplicateTable: SQLState = "42P07"
  package static let duplicateDatabase: SQLState = "42P04"
  package static let invalidCatalogName: SQLState = "3D000"
  package static let queryCanceled: SQLState = "57014"
  package static let adminShutdown: SQLState = "57P01"
  package static let crashShutdown: SQLState = "57P02"
  package static let cannotConnectNow: SQLState = "57P03"
  package static let databaseDropped: SQLState = "57P04"
  package static let idleSessionTimeout: SQLState = "57P05"
  package static let lockNotAvailable: SQLState = "55P03"
  package static let objectInUse: SQLState = "55006"
  /// The code of messages that have none: libpq's own.
  package static let none: SQLState = ""

  /// What an error with this state means to a caller of this kit.
  package var code: RecoverError.Code {
    switch self {
    case .serializationFailure, .deadlockDetected, .lockNotAvailable, .objectInUse: .busy
    case .insufficientPrivilege: .missingRequirement
    case .queryCanceled: .interrupted
    case .adminShutdown, .crashShutdown, .databaseDropped, .idleSessionTimeout: .connectionLost
    case .cannotConnectNow: .unreachable
    case .invalidCatalogName: .missingRequirement
    default:
      switch self.class {
      case "08": .connectionLost
      case "28": .missingRequirement
      case "53": .noSpace
      default: .stepFailed
      }
    }
  }
}
