internal import RecoverBase

/// SQL of a dump, with moved relations under their new names.
///
/// Made from tokens, so that nothing in a literal, a comment or a body of a function is touched. Of literals only those
/// are names that the server turns into one at once: those cast to regclass, and what sequence functions are given.
/// Every other literal, such as the argument of a trigger, is kept by the server as text and has to be right after the
/// tables traded places.
extension MovedNames {
  struct Rewritten {
    var text: SQLText
    /// How many names were replaced.
    var count: Int
  }

  /// - Parameter isFirstOnly: whether only the first name counts, for statements that carry rows behind it.
  func rewriting(_ statement: Span<UInt8>, syntax: SQLSyntax, isFirstOnly: Bool = false) -> Rewritten {
    var cursor = SQLCursor(statement, syntax: syntax, headBytes: isFirstOnly ? Self.headBytes : statement.count)
    var result = Rewriting()
    var (followsDot, takesName) = (false, false)
    var lastWord = ""
    while cursor.token.kind != .end, cursor.token.kind != .incomplete, !(isFirstOnly && result.count > 0) {
      let token = cursor.token
      switch token.kind {
      case .word, .quotedIdentifier:
        if !followsDot, let schema = newSchema(at: cursor) {
          result.replace(token.start..<token.end, with: Quoting.identifier(schema), in: cursor.bytes)
        }
        lastWord = token.kind == .word ? cursor.text(of: token.start..<token.end).lowercased() : ""
        takesName = false
      case .string:
        if takesName || Self.isCastToRelation(cursor), let literal = literal(at: cursor) {
          result.replace(token.start..<token.end, with: literal, in: cursor.bytes)
        }
        takesName = false
      case .symbol:
        takesName = cursor.isAt("(") && Self.takeNames.contains(lastWord)
        lastWord = ""
      case .dollarString, .number, .end, .incomplete: takesName = false
      }
      followsDot = cursor.isAt(".")
      cursor.advance()
    }
    result.end(statement)
    return Rewritten(text: SQLText(result.bytes), count: result.count)
  }

  /// A name stands in front of the rows, behind a few words.
  private static let headBytes = 4096
  /// The functions whose first argument is the name of a relation.
  private static let takeNames: Set = ["setval", "nextval", "currval", "pg_get_serial_sequence"]

  /// Where `schema.name` of something that moves stands here.
  private func newSchema(at cursor: SQLCursor) -> String? {
    var ahead = cursor
    guard let schema = ahead.identifier(), ahead.take("."), let name = ahead.identifier() else { return nil }
    return self[SQLName(schema: schema, name)]
  }

  /// `'...'::regclass`, also with the type's schema.
  private static func isCastToRelation(_ cursor: SQLCursor) -> Bool {
    var ahead = cursor
    ahead.advance()
    guard ahead.take(":"), ahead.take(":"), let type = ahead.qualifiedName() else { return false }
    return type.name == "regclass" && (type.schema ?? "pg_catalog") == "pg_catalog"
  }

  /// The literal that stands here with a moved name in it; nil where it holds anything else.
  private func literal(at cursor: SQLCursor) -> String? {
    var ahead = cursor
    guard let value = ahead.literal() else { return nil }
    var name = SQLCursor(value)
    guard let found = name.qualifiedName(), name.isAtEnd, let schema = self[found] else { return nil }
    return Quoting.literal(Quoting.identifier(schema, found.name))
  }

  /// The text so far.
  private struct Rewriting {
    var bytes: [UInt8] = []
    var count = 0
    private var copied = 0

    mutating func replace(_ range: Range<Int>, with text: String, in source: [UInt8]) {
      bytes += source[copied..<range.lowerBound]
      bytes += text.utf8
      copied = range.upperBound
      count += 1
    }

    mutating func end(_ statement: Span<UInt8>) {
      bytes += Array(copying: statement.extracting(copied..<statement.count))
    }
  }
}
