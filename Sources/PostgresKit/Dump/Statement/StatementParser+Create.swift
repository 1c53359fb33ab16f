/// CREATE, and `ALTER TABLE ... ADD CONSTRAINT`, which makes an object as well.
extension StatementParser {
  mutating func create() -> DumpStatement.Kind {
    _ = cursor.take("or", "replace")
    if cursor.take("database") { return createDatabase() }
    if cursor.take("tablespace") { return cursor.identifier().map { .tablespace($0) } ?? .other("create") }
    if cursor.isAt("role") || cursor.isAt("group") { return .role }
    // Words before the kind: nothing depends on them here.
    let adjectives: [StaticString] = [
      "global", "local", "temp", "temporary", "unlogged", "trusted", "recursive", "unique", "constraint", "default",
    ]
    while adjectives.contains(where: { cursor.take($0) }) {}
    guard let kind = objectKind() else { return cursor.isAt("user") ? .role : .other("create") }
    switch kind {
    case .index: return createIndex()
    case .schema: return createSchema()
    case .extension: return createExtension()
    case .trigger, .rule, .policy: return createOnTable(kind)
    case .userMapping: return createUserMapping()
    default: break
    }
    guard let name = objectName(kind) else { return .other("create") }
    let signature =
      switch kind {
      case .operator: operands()
      case .language: cursor.isAt("handler") ? "HANDLER" : nil
      default: signature(kind)
      }
    if kind == .table || kind == .materializedView { noteTablespace() }
    return .create(DumpObject(kind, name, signature: signature))
  }

  private mutating func createDatabase() -> DumpStatement.Kind {
    guard let name = cursor.identifier() else { return .other("create") }
    noteTablespace()
    if cursor.skip(to: "owner") {
      cursor.advance()
      _ = cursor.take("=")
      _ = role()
    }
    return .database(.create, name: name)
  }

  private mutating func createIndex() -> DumpStatement.Kind {
    let isConcurrent = cursor.take("concurrently")
    _ = cursor.take("if", "not", "exists")
    guard !cursor.isAt("on"), let name = cursor.identifier(), cursor.take("on") else { return .other("create") }
    _ = cursor.take("only")
    guard let table = cursor.qualifiedName() else { return .other("create") }
    noteTablespace()
    let index = DumpObject(.index, SQLName(schema: table.schema, name), table: table)
    return .createIndex(index, isConcurrent: isConcurrent)
  }

  private mutating func createSchema() -> DumpStatement.Kind {
    _ = cursor.take("if", "not", "exists")
    let name = cursor.isAt("authorization") ? nil : cursor.identifier()
    let owner = cursor.take("authorization") ? role() : nil
    guard let name = name ?? owner else { return .other("create") }
    return .create(DumpObject(.schema, SQLName(name)))
  }

  /// An extension's schema is the one that its objects go to.
  private mutating func createExtension() -> DumpStatement.Kind {
    _ = cursor.take("if", "not", "exists")
    guard let name = cursor.identifier() else { return .other("create") }
    _ = cursor.take("with")
    let schema = cursor.take("schema") ? cursor.identifier() : nil
    return .create(DumpObject(.extension, SQLName(schema: schema, name)))
  }

  private mutating func createOnTable(_ kind: DumpObject.Kind) -> DumpStatement.Kind {
    // CREATE RULE r AS ON INSERT TO t; the others have ON before the table.
    guard let name = cursor.identifier(), cursor.skip(to: kind == .rule ? "to" : "on") else { return .other("create") }
    cursor.advance()
    guard let table = cursor.qualifiedName() else { return .other("create") }
    if kind == .policy, cursor.skip(to: "to") {
      cursor.advance()
      roleList()
    }
    return .create(DumpObject(kind, SQLName(schema: table.schema, name), table: table))
  }

  private mutating func createUserMapping() -> DumpStatement.Kind {
    _ = cursor.take("if", "not", "exists")
    let start = cursor
    if cursor.take("for") { _ = role() }
    cursor = start
    return objectName(.userMapping).map { .create(DumpObject(.userMapping, $0)) } ?? .other("create")
  }

  /// The types that an operator takes, as ALTER and COMMENT write them: `(NONE, integer)`.
  private mutating func operands() -> String? {
    guard cursor.take("(") else { return nil }
    var left = "NONE"
    var right = "NONE"
    while !cursor.isAtEnd, !cursor.isAt(")") {
      let isLeft = cursor.take("leftarg")
      if isLeft || cursor.take("rightarg"), cursor.take("=") {
        let start = cursor.token.start
        while !cursor.isAtEnd, !cursor.isAt(","), !cursor.isAt(")") {
          if cursor.isAt("(") { cursor.skipParentheses() } else { cursor.advance() }
        }
        let type = cursor.text(of: start..<cursor.lastEnd)
        if isLeft { left = type } else { right = type }
      } else {
        cursor.advance()
      }
    }
    return "(\(left), \(right))"
  }

  /// Notes the tablespace that is named further on; the cursor stays.
  private mutating func noteTablespace() {
    var ahead = cursor
    guard ahead.skip(to: "tablespace") else { return }
    ahead.advance()
    _ = ahead.take("=")
    tablespace = ahead.identifier()
  }

  /// `ADD CONSTRAINT name ...` on a table.
  mutating func addConstraint(to table: SQLName) -> DumpStatement.Kind? {
    guard cursor.take("add", "constraint"), let name = cursor.identifier() else { return nil }
    let kinds: [(StaticString, DumpObject.Kind)] = [
      ("primary", .primaryKey), ("unique", .uniqueConstraint), ("foreign", .foreignKey), ("check", .checkConstraint),
      ("exclude", .exclusionConstraint), ("not", .notNullConstraint),
    ]
    guard let kind = kinds.first(where: { cursor.isAt($0.0) })?.1 else { return nil }
    return .create(DumpObject(kind, SQLName(schema: table.schema, name), table: table))
  }
}
