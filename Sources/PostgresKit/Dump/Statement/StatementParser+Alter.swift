/// ALTER, DROP, COMMENT ON and SECURITY LABEL.
extension StatementParser {
  mutating func alter() -> DumpStatement.Kind {
    if cursor.take("system") { return .alterSystem }
    if cursor.take("database") { return alterDatabase() }
    if cursor.take("tablespace") { return cursor.identifier().map { .tablespace($0) } ?? .other("alter") }
    if cursor.take("default", "privileges") { return alterDefaultPrivileges() }
    if cursor.take("role") || cursor.take("group") { return alterRole() }
    guard let kind = objectKind() else { return cursor.take("user") ? alterRole() : .other("alter") }
    guard let name = objectName(kind) else { return .other("alter") }
    let start = cursor
    if signature(kind) == nil { cursor = start }
    if cursor.take("owner", "to") {
      guard let owner = role() else { return .alter(kind, name) }
      return .alterOwner(kind, name, role: owner)
    }
    if kind == .table || kind == .foreignTable, let constraint = addConstraint(to: name) { return constraint }
    return .alter(kind, name)
  }

  private mutating func alterDatabase() -> DumpStatement.Kind {
    guard let name = cursor.identifier() else { return .other("alter") }
    guard cursor.take("owner", "to"), let owner = role() else { return .database(.alter, name: name) }
    return .database(.owner(owner), name: name)
  }

  /// A change of a role is one of the whole cluster, unless it is a setting of one database.
  private mutating func alterRole() -> DumpStatement.Kind {
    let role = role()
    guard cursor.take("in", "database"), let database = cursor.identifier() else {
      roles = []
      return .role
    }
    return .database(.roleSetting(role), name: database)
  }

  private mutating func alterDefaultPrivileges() -> DumpStatement.Kind {
    if cursor.take("for", "role") || cursor.take("for", "user") { roleList() }
    while !cursor.isAtEnd, !cursor.isAt("grant"), !cursor.isAt("revoke") { cursor.advance() }
    noteGrantees(after: cursor.isAt("revoke") ? "from" : "to")
    return .defaultPrivileges
  }

  mutating func drop() -> DumpStatement.Kind {
    if cursor.take("database") {
      _ = cursor.take("if", "exists")
      return cursor.identifier().map { .database(.drop, name: $0) } ?? .other("drop")
    }
    if cursor.take("tablespace") {
      _ = cursor.take("if", "exists")
      return cursor.identifier().map { .tablespace($0) } ?? .other("drop")
    }
    if cursor.isAt("role") || cursor.isAt("group") || cursor.isAt("owned") { return .role }
    guard let kind = objectKind() else { return cursor.isAt("user") ? .role : .other("drop") }
    return objectName(kind).map { .drop(kind, $0) } ?? .other("drop")
  }

  /// COMMENT ON, and SECURITY LABEL, which is written alike.
  mutating func comment(isLabel: Bool) -> DumpStatement.Kind {
    let verb = isLabel ? "security" : "comment"
    guard cursor.skip(to: "on"), cursor.take("on") else { return .other(verb) }
    if cursor.take("database") {
      let change: DumpDatabaseChange = isLabel ? .securityLabel : .comment
      return cursor.identifier().map { .database(change, name: $0) } ?? .other(verb)
    }
    if cursor.take("tablespace") { return cursor.identifier().map { .tablespace($0) } ?? .other(verb) }
    if cursor.isAt("role") { return .role }
    if cursor.take("column") { return column().map { .comment(.table, $0) } ?? .other(verb) }
    guard let kind = objectKind(), let name = objectName(kind) else { return .other(verb) }
    return .comment(kind, name)
  }

  /// The table of a column that is named with it.
  private mutating func column() -> SQLName? {
    var parts: [String] = []
    repeat {
      guard let part = cursor.identifier() else { return nil }
      parts.append(part)
    } while cursor.take(".")
    guard parts.count > 1 else { return nil }
    return SQLName(schema: parts.count > 2 ? parts[parts.count - 3] : nil, parts[parts.count - 2])
  }
}
