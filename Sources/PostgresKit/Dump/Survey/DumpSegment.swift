/// The part of a dump that is for one database: from one `\connect` to the next.
package struct DumpSegment: Sendable, Hashable, Codable {
  /// nil is the part before the first `\connect`: the whole of a dump that connects to nothing.
  package var database: String?
  /// Whether it holds the roles and tablespaces of a cluster: the first part of what pg_dumpall writes.
  package var isGlobals = false
  /// Where it begins in the uncompressed dump: at its `\connect`.
  package var offset: Int64
  package var line: Int64
  /// Where the next one begins, or the dump ends.
  package var endOffset: Int64
  /// The first `client_encoding` that it sets.
  package var encoding: String?
  /// What holds rows, in order of appearance.
  package var tables: [DumpTable] = []
  /// What it makes, in its order; empty when there is more than the limit, see ``objectCounts``.
  package var objects: [DumpObject] = []
  /// How many objects of each kind it makes.
  package var objectCounts: [DumpObject.Kind: Int] = [:]
  /// Whether ``objects`` holds all of them.
  package var hasAllObjects = true
  /// The roles that have to exist, sorted.
  package var roles: [String] = []
  /// Those of them that are made owners of something, sorted: whoever loads the dump must be able to become them.
  package var owners: [String] = []
  /// The extensions that have to be installable, with the schema that each goes to.
  package var extensions: [SQLName] = []
  /// The languages that it makes by name alone, so that the server has to know them.
  package var languages: [String] = []
  package var tablespaces: [String] = []
  package var eventTriggers: [String] = []
  package var publications: [String] = []
  package var subscriptions: [String] = []
  /// What is more than its own database's business; at most the limit, see ``escapeCount``.
  package var escapes: [DumpEscape] = []
  package var escapeCount = 0

  /// The number of large objects that it makes.
  package var largeObjectCount: Int { objectCounts[.largeObject] ?? 0 }

  /// Adds an escape that was found late; they stay in the order of lines.
  mutating func add(_ escape: DumpEscape, limit: Int) {
    escapeCount += 1
    guard escapes.count < limit else { return }
    escapes.insert(escape, at: escapes.firstIndex { $0.line > escape.line } ?? escapes.count)
  }
}

/// The rows that a dump holds for one table.
package struct DumpTable: Sendable, Hashable, Codable {
  /// Without a schema where the dump names none and `search_path` leaves more than one.
  package var name: SQLName
  /// The columns of the first COPY that names some.
  package var columns: [String]?
  /// The rows that are known of.
  package var rows: Int64 = 0
  /// Whether ``rows`` are all rows: not so for COPY in CSV, or `INSERT ... SELECT`.
  package var isExact = true
  /// Blocks of COPY data; a table may have several.
  package var copyBlocks = 0
  package var copyBytes: Int64 = 0
  package var insertStatements: Int64 = 0
  package var insertBytes: Int64 = 0

  package init(_ name: SQLName) { self.name = name }
}

/// A statement that reaches beyond the database that it is restored to.
package struct DumpEscape: Sendable, Hashable, Codable {
  package var escape: DumpStatement.Escape
  package var line: Int64
}

/// A database that a dump is of, or does something with as a whole.
package struct DumpDatabase: Sendable, Hashable, Codable {
  package var name: String
  /// Whether the dump connects to it.
  ///
  /// Where it does not, each of its statements is an escape too.
  package var isConnected = false
  /// What makes and changes it as a whole, from CREATE DATABASE to the settings of roles in it, in the dump's order.
  package var statements: [Statement] = []

  package struct Statement: Sendable, Hashable, Codable {
    package var change: DumpDatabaseChange
    package var text: SQLText
    package var line: Int64

    package init(_ change: DumpDatabaseChange, _ text: SQLText, line: Int64) {
      self.change = change
      self.text = text
      self.line = line
    }
  }
}
