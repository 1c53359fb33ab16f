/// `ALTER TABLE ... ADD CONSTRAINT name PRIMARY KEY (...)` or `UNIQUE (...)`, taken apart so that its index can be built
/// first, together with others, and be made the constraint afterwards (PostgreSQL, ALTER TABLE, `USING INDEX`).
///
/// Made from tokens. Whatever is not surely understood gives nil, and is then run as it is written.
struct KeyConstraint: Sendable, Hashable {
  var table: SQLName
  var name: SQLName
  /// Builds the index, under the constraint's name.
  var createIndex: SQLText
  /// Makes the index the constraint.
  var addConstraint: SQLText

  init?(_ statement: SQLText, syntax: SQLSyntax) {
    var cursor = SQLCursor(statement.bytes.span, syntax: syntax)
    guard cursor.take("alter", "table") else { return nil }
    let isOnly = cursor.take("only")
    let tableStart = cursor.token.start
    guard let table = cursor.qualifiedName(), !cursor.isAt("*") else { return nil }
    let tableText = cursor.bytes[tableStart..<cursor.lastEnd]
    guard cursor.take("add", "constraint") else { return nil }
    let nameStart = cursor.token.start
    guard let name = cursor.identifier() else { return nil }
    let nameText = cursor.bytes[nameStart..<cursor.lastEnd]
    let isPrimary = cursor.take("primary", "key")
    guard isPrimary || cursor.take("unique") else { return nil }
    guard let clauses = Clauses(&cursor, isPrimary: isPrimary) else { return nil }

    self.table = table
    self.name = SQLName(schema: table.schema, name)
    let only = isOnly ? "ONLY " : ""
    createIndex = SQLText(
      joining: .words("CREATE UNIQUE INDEX "), .bytes(nameText), .words(" ON \(only)"), .bytes(tableText),
      .words(" USING btree "), .bytes(clauses.definition[...]), .words(";"))
    addConstraint = SQLText(
      joining: .words("ALTER TABLE \(only)"), .bytes(tableText), .words(" ADD CONSTRAINT "), .bytes(nameText),
      .words(isPrimary ? " PRIMARY KEY" : " UNIQUE"), .words(" USING INDEX "), .bytes(nameText),
      .bytes(clauses.attributes[...]), .words(";"))
  }

  /// What follows the kind of constraint.
  private struct Clauses {
    /// Columns, INCLUDE, NULLS NOT DISTINCT, WITH and TABLESPACE, as CREATE INDEX writes them.
    var definition: [UInt8] = []
    /// DEFERRABLE and INITIALLY, each with a space before it.
    var attributes: [UInt8] = []

    init?(_ cursor: inout SQLCursor, isPrimary: Bool) {
      var distinct: [UInt8] = []
      if !isPrimary, cursor.take("nulls", "not", "distinct") {
        distinct = Array(" NULLS NOT DISTINCT".utf8)
      } else if !isPrimary {
        _ = cursor.take("nulls", "distinct")
      }
      guard let columns = Self.names(&cursor) else { return nil }
      definition = columns
      if cursor.take("include") {
        guard let included = Self.names(&cursor) else { return nil }
        definition += Array(" INCLUDE ".utf8) + included
      }
      definition += distinct
      if cursor.take("with") {
        guard let options = Self.parenthesized(&cursor) else { return nil }
        definition += Array(" WITH ".utf8) + options
      }
      if cursor.take("using", "index", "tablespace") {
        let start = cursor.token.start
        guard cursor.identifier() != nil else { return nil }
        definition += Array(" TABLESPACE ".utf8) + cursor.bytes[start..<cursor.lastEnd]
      }
      while let attribute = Self.attribute(&cursor) { attributes += Array(attribute.utf8) }
      guard Self.isOver(&cursor) else { return nil }
    }

    /// Plain columns in parentheses, as they are written: WITHOUT OVERLAPS and its like need another index.
    private static func names(_ cursor: inout SQLCursor) -> [UInt8]? {
      let start = cursor.token.start
      guard cursor.nameList() != nil else { return nil }
      return Array(cursor.bytes[start..<cursor.lastEnd])
    }

    private static func parenthesized(_ cursor: inout SQLCursor) -> [UInt8]? {
      guard cursor.isAt("(") else { return nil }
      let start = cursor.token.start
      cursor.skipParentheses()
      return Array(cursor.bytes[start..<cursor.lastEnd])
    }

    private static func attribute(_ cursor: inout SQLCursor) -> String? {
      if cursor.take("not", "deferrable") { return " NOT DEFERRABLE" }
      if cursor.take("deferrable") { return " DEFERRABLE" }
      if cursor.take("initially", "deferred") { return " INITIALLY DEFERRED" }
      return cursor.take("initially", "immediate") ? " INITIALLY IMMEDIATE" : nil
    }

    private static func isOver(_ cursor: inout SQLCursor) -> Bool {
      _ = cursor.take(";")
      return cursor.token.kind == .end
    }
  }
}

extension SQLText {
  /// A part of a statement that is put together.
  enum Part {
    /// ASCII.
    case words(String)
    /// In the dump's own encoding.
    case bytes(ArraySlice<UInt8>)
  }

  init(joining parts: Part...) {
    bytes = []
    for part in parts {
      switch part {
      case .words(let words): bytes += words.utf8
      case .bytes(let more): bytes += more
      }
    }
  }
}
