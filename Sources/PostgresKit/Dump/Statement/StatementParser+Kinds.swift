/// The words that name a kind of object in CREATE, ALTER, DROP and COMMENT ON.
extension StatementParser {
  private static let single: [(StaticString, DumpObject.Kind)] = [
    ("aggregate", .aggregate), ("cast", .cast), ("collation", .collation), ("conversion", .conversion),
    ("domain", .domain), ("extension", .extension), ("function", .function), ("index", .index),
    ("language", .language), ("policy", .policy), ("procedure", .procedure), ("publication", .publication),
    ("rule", .rule), ("schema", .schema), ("sequence", .sequence), ("server", .server), ("statistics", .statistics),
    ("subscription", .subscription), ("table", .table), ("transform", .transform), ("trigger", .trigger),
    ("type", .type), ("view", .view), ("operator", .operator),
    // Whatever kind of constraint it is.
    ("constraint", .checkConstraint),
  ]

  private static let double: [(StaticString, StaticString, DumpObject.Kind)] = [
    ("access", "method", .accessMethod), ("event", "trigger", .eventTrigger), ("foreign", "table", .foreignTable),
    ("materialized", "view", .materializedView), ("operator", "class", .operatorClass),
    ("operator", "family", .operatorFamily), ("procedural", "language", .language), ("user", "mapping", .userMapping),
    ("large", "object", .largeObject),
  ]

  private static let textSearch: [(StaticString, DumpObject.Kind)] = [
    ("configuration", .textSearchConfiguration), ("dictionary", .textSearchDictionary),
    ("parser", .textSearchParser), ("template", .textSearchTemplate),
  ]

  /// Passes over the kind of object that stands here; nil, and nothing is passed over, when none does.
  mutating func objectKind() -> DumpObject.Kind? {
    if cursor.take("text", "search") {
      return Self.textSearch.first { cursor.take($0.0) }?.1
    }
    if cursor.take("foreign", "data", "wrapper") { return .foreignDataWrapper }
    for (first, second, kind) in Self.double where cursor.take(first, second) { return kind }
    return Self.single.first { cursor.take($0.0) }?.1
  }

  /// The name of an object of this kind, as it stands after the kind in any statement.
  mutating func objectName(_ kind: DumpObject.Kind) -> SQLName? {
    _ = cursor.take("concurrently")
    _ = cursor.take("if", "not", "exists") || cursor.take("if", "exists")
    switch kind {
    case .cast: return parenthesized().map { SQLName($0) }
    case .transform, .userMapping: return unnamed()
    case .operator: return operatorName()
    case .largeObject: return oid().map { SQLName(String($0)) }
    case .table, .foreignTable, .index, .materializedView, .view:
      _ = cursor.take("only")
      return cursor.qualifiedName()
    default: return cursor.qualifiedName()
    }
  }

  /// `FOR type LANGUAGE name` or `FOR role SERVER name`.
  private mutating func unnamed() -> SQLName? {
    guard cursor.take("for") else { return nil }
    let start = cursor.token.start
    var end = start
    while !cursor.isAtEnd, !cursor.isAt("options"), !(cursor.isAt("(") && end > start) {
      end = cursor.token.end
      cursor.advance()
    }
    return SQLName("FOR " + cursor.text(of: start..<end))
  }

  /// An operator's name: symbols up to its arguments, perhaps behind a schema.
  private mutating func operatorName() -> SQLName? {
    var schema: String?
    if cursor.token.kind == .word || cursor.token.kind == .quotedIdentifier {
      schema = cursor.identifier()
      guard cursor.take(".") else { return nil }
    }
    let start = cursor.token.start
    var end = start
    while cursor.token.kind == .symbol, !cursor.isAt("("), !cursor.isAtEnd {
      end = cursor.token.end
      cursor.advance()
    }
    return end > start ? SQLName(schema: schema, cursor.text(of: start..<end)) : nil
  }

  /// What tells objects of one name apart, as it stands behind the name.
  mutating func signature(_ kind: DumpObject.Kind) -> String? {
    switch kind {
    case .function, .procedure, .aggregate, .operator: return parenthesized()
    case .operatorClass, .operatorFamily:
      // A class names its type first: DEFAULT FOR TYPE t USING btree.
      guard cursor.skip(to: "using") else { return nil }
      cursor.advance()
      return cursor.identifier()
    default: return nil
    }
  }

  /// What stands in parentheses here, with them, as it is written; nil when there are none.
  mutating func parenthesized() -> String? {
    guard cursor.isAt("(") else { return nil }
    let start = cursor.token.start
    cursor.skipParentheses()
    return cursor.text(of: start..<cursor.lastEnd)
  }
}
