/// The objects that a statement mentions by name.
///
/// Told from tokens: names with their schema; names without one where the dump searches a single schema; and names in
/// literals that are cast to `regclass` and its like. What stands in the body of a function as a string is no mention:
/// the server does not look at it either when the function is made.
struct DumpMention: Sendable, Hashable {
  var name: SQLName
  /// Whether it is called, so that it is a routine where there is one of the name.
  var isCall: Bool
}

extension DumpMention {
  /// - Parameters:
  ///   - schema: where names without a schema are looked up; nil where that is not certain.
  ///   - isKnown: whether an object has the name; others are of no interest.
  static func all(
    in statement: Span<UInt8>, syntax: SQLSyntax, schema: String?, isKnown: (SQLName) -> Bool
  ) -> Set<DumpMention> {
    var finder = MentionFinder(
      cursor: SQLCursor(statement, syntax: syntax, headBytes: statement.count), schema: schema)
    finder.find(isKnown)
    return finder.found
  }
}

private struct MentionFinder {
  var cursor: SQLCursor
  let schema: String?
  var found: Set<DumpMention> = []
  /// Whether the word before says that a relation follows, even where parentheses come behind its name.
  private var expectsRelation = false
  private var createsTable: Bool
  /// DO: its body is run at once.
  private var isBlock: Bool

  init(cursor: SQLCursor, schema: String?) {
    self.cursor = cursor
    self.schema = schema
    var head = cursor
    _ = head.take("create")
    while head.take("unlogged") || head.take("foreign") {}
    createsTable = head.isAt("table")
    isBlock = cursor.isAt("do")
  }

  mutating func find(_ isKnown: (SQLName) -> Bool) {
    // The body of a routine in SQL holds semicolons.
    while cursor.token.kind != .end, cursor.token.kind != .incomplete {
      switch cursor.token.kind {
      case .word, .quotedIdentifier: name(isKnown)
      case .string, .dollarString: literal(isKnown)
      case .symbol:
        // In a list of columns the first word of each is no object.
        let isBeforeColumn = createsTable && (cursor.isAt("(") || cursor.isAt(","))
        cursor.advance()
        if isBeforeColumn, schema != nil, cursor.token.kind == .word || cursor.token.kind == .quotedIdentifier {
          skipColumn(isKnown)
        }
      case .number, .end, .incomplete: cursor.advance()
      }
    }
  }

  private mutating func skipColumn(_ isKnown: (SQLName) -> Bool) {
    var ahead = cursor
    ahead.advance()
    if ahead.isAt(".") { name(isKnown) } else { cursor = ahead }
  }

  private mutating func name(_ isKnown: (SQLName) -> Bool) {
    if cursor.take("operator") { return operatorName(isKnown) }
    let words: [StaticString] = ["references", "on", "only", "into", "table", "inherits"]
    let isWordBefore = words.contains { cursor.isAt($0) }
    var parts: [String] = []
    repeat {
      guard let part = cursor.identifier() else { break }
      parts.append(part)
    } while cursor.take(".")
    let isCall = cursor.isAt("(") && !expectsRelation
    expectsRelation = isWordBefore
    var candidates: [SQLName] = []
    if parts.count > 1 { candidates.append(SQLName(schema: parts[0], parts[1])) }
    // The database in front, or the column behind.
    if parts.count > 2 { candidates.append(SQLName(schema: parts[1], parts[2])) }
    if parts.count == 1 { candidates.append(SQLName(schema: schema, parts[0])) }
    if let name = candidates.first(where: isKnown) { found.insert(DumpMention(name: name, isCall: isCall)) }
  }

  /// `OPERATOR(public.===)`.
  private mutating func operatorName(_ isKnown: (SQLName) -> Bool) {
    guard cursor.take("("), let schema = cursor.identifier(), cursor.take(".") else { return }
    let start = cursor.token.start
    while cursor.token.kind == .symbol, !cursor.isAt(")") { cursor.advance() }
    let name = SQLName(schema: schema, cursor.text(of: start..<max(start, cursor.lastEnd)))
    if isKnown(name) { found.insert(DumpMention(name: name, isCall: false)) }
  }

  private mutating func literal(_ isKnown: (SQLName) -> Bool) {
    guard let text = cursor.literal() else { return cursor.advance() }
    if isBlock {
      found.formUnion(DumpMention.all(in: Array(text.utf8).span, syntax: SQLSyntax(), schema: schema, isKnown: isKnown))
    }
    guard cursor.take(":"), cursor.take(":") else { return }
    _ = cursor.take("pg_catalog") && cursor.take(".")
    let types: [StaticString] = ["regclass", "regtype", "regproc", "regprocedure"]
    guard types.contains(where: { cursor.take($0) }) else { return }
    var inner = SQLCursor(text)
    guard let name = inner.qualifiedName() else { return }
    let resolved = SQLName(schema: name.schema ?? schema, name.name)
    if isKnown(resolved) { found.insert(DumpMention(name: resolved, isCall: inner.isAt("("))) }
  }
}
