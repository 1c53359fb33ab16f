/// `CREATE [UNIQUE] INDEX name ON [ONLY] table ...`, as far as it decides when the index may be built.
struct IndexStatement: Sendable, Hashable {
  var table: SQLName
  var name: String
  /// The access method; nil for the default.
  var method: String?
  /// Whether it has only plain columns and no condition: expressions may call functions that read other tables.
  var isPlain: Bool

  /// - Returns: nil for another statement, and for CONCURRENTLY, IF NOT EXISTS and an index without a name.
  init?(_ statement: SQLText, syntax: SQLSyntax) {
    var cursor = SQLCursor(statement.bytes.span, syntax: syntax)
    guard cursor.take("create") else { return nil }
    _ = cursor.take("unique")
    guard cursor.take("index"), !cursor.isAt("concurrently"), !cursor.isAt("if"), !cursor.isAt("on"),
      let name = cursor.identifier(), cursor.take("on")
    else { return nil }
    _ = cursor.take("only")
    guard let table = cursor.qualifiedName() else { return nil }
    self.table = table
    self.name = name
    if cursor.take("using") { method = cursor.identifier() }
    guard cursor.isAt("(") else { return nil }
    isPlain = Self.takesPlainColumns(&cursor)
    while !cursor.isAtEnd {
      if cursor.isAt("where") { isPlain = false }
      if cursor.isAt("(") { cursor.skipParentheses() } else { cursor.advance() }
    }
  }

  /// Whether the parentheses hold a parenthesis, as those of an expression, a function or an operator class's options.
  private static func takesPlainColumns(_ cursor: inout SQLCursor) -> Bool {
    _ = cursor.take("(")
    var isPlain = true
    while !cursor.isAtEnd, !cursor.isAt(")") {
      if cursor.isAt("(") {
        isPlain = false
        cursor.skipParentheses()
      } else {
        cursor.advance()
      }
    }
    _ = cursor.take(")")
    return isPlain
  }
}
