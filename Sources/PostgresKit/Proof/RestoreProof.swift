/// The verdict on a restored database: whether it holds what the dump holds, and what the policy asserts.
package struct RestoreProof: Sendable, Hashable, Codable {
  /// How many tables' rows were counted.
  package var tables = 0
  /// The rows in them.
  package var rows: Int64 = 0
  /// How many objects of the dump were looked for.
  package var objects = 0
  package var assertions = 0
  /// What is not as it should be, at most ``differenceLimit``; nothing when the restore is proved.
  package var differences: [Difference] = []
  /// What could not be compared, and why: never silently taken for equal.
  package var unproved: [String] = []

  package init() {}

  package static let differenceLimit = 1000

  package var isProved: Bool { differences.isEmpty }

  mutating func add(_ difference: Difference) {
    if differences.count < Self.differenceLimit { differences.append(difference) }
  }

  package enum Difference: Sendable, Hashable, Codable {
    case rows(table: SQLName, expected: Int64, found: Int64)
    /// The dump has rows for a table that is not there.
    case missingTable(SQLName)
    /// Fewer objects of this name than the dump makes.
    case missingObject(DumpObject.Kind, SQLName, table: SQLName?)
    /// Fewer objects of a kind than the dump makes, where there are too many to name.
    case objectCount(DumpObject.Kind, expected: Int, found: Int)
    /// The answer is the server's text; nil is no row or NULL.
    case assertion(name: String, answer: String?)
  }
}

extension RestoreProof.Difference: CustomStringConvertible {
  package var description: String {
    switch self {
    case .rows(let table, let expected, let found): "table \(table) has \(found) rows, the dump has \(expected)"
    case .missingTable(let table): "table \(table) is not there, the dump has rows for it"
    case .missingObject(let kind, let name, nil): "\(kind.rawValue) \(name) is not there"
    case .missingObject(let kind, let name, let table?): "\(kind.rawValue) \(name) of \(table) is not there"
    case .objectCount(let kind, let expected, let found):
      "there are \(found) objects of kind \(kind.rawValue), the dump makes \(expected)"
    case .assertion(let name, nil): "assertion `\(name)` has no answer"
    case .assertion(let name, let answer?): "assertion `\(name)` does not hold: \(answer)"
    }
  }
}

/// What a restored database is compared with.
package struct ProofRequest: Sendable {
  /// What the dump has for this database: ``DumpSurvey/content(of:)``.
  package var segments: [DumpSegment]
  /// Rows that the server counted while loading (``LoadOutcome/rows``), where they are still known.
  package var loadedRows: [SQLName: Int64]?
  /// Whether pg_dump wrote the dump: it drops and renames nothing that it made.
  ///
  /// Of another dump, objects that are missing are only noted.
  package var isFromPgDump: Bool
  package var assertions: [Assertion]

  /// SQL whose one value has to be true.
  package struct Assertion: Sendable, Hashable {
    package var name: String
    package var sql: String

    package init(name: String, sql: String) {
      self.name = name
      self.sql = sql
    }
  }

  package init(
    segments: [DumpSegment], loadedRows: [SQLName: Int64]? = nil, isFromPgDump: Bool = true,
    assertions: [Assertion] = []
  ) {
    self.segments = segments
    self.loadedRows = loadedRows
    self.isFromPgDump = isFromPgDump
    self.assertions = assertions
  }
}
