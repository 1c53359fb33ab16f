/// SET, RESET and their like, and the functions that dumps call in a SELECT.
extension StatementParser {
  /// - Returns: nil when the statement changes nothing of the session.
  mutating func session() -> DumpStatement.Kind? {
    if let setting = DumpSetting(cursor) {
      switch setting.name {
      case "role", "session_authorization": break
      default: return .setting(setting)
      }
    }
    let isReset = cursor.isAt("reset")
    guard cursor.take("set") || cursor.take("reset") else { return nil }
    if cursor.take("session", "authorization") || cursor.take("session_authorization") {
      return .setSessionAuthorization(isReset ? nil : value())
    }
    _ = cursor.take("session") || cursor.take("local")
    if cursor.take("session", "authorization") { return .setSessionAuthorization(value()) }
    guard cursor.take("role") else { return nil }
    return .setRole(isReset ? nil : value())
  }

  private mutating func value() -> String? {
    _ = cursor.take("=") || cursor.take("to")
    return role()
  }

  /// One of the functions of pg_catalog that pg_dump calls.
  mutating func select() -> DumpStatement.Kind {
    guard let function = cursor.qualifiedName(), function.schema == nil || function.schema == "pg_catalog",
      cursor.take("(")
    else { return .other("select") }
    switch function.name {
    case "setval":
      guard let text = cursor.literal() else { return .other("select") }
      var inner = SQLCursor(text)
      return inner.qualifiedName().map { .setval($0) } ?? .other("select")
    case "lo_create": return oid().map { .largeObject(.create($0)) } ?? .other("select")
    case "lo_open": return oid().map { .largeObject(.open($0)) } ?? .other("select")
    case "lo_unlink": return unlinkedObject().map { .largeObject(.unlink($0)) } ?? .other("select")
    case "lowrite": return .largeObject(.write)
    case "lo_close": return .largeObject(.close)
    default: return .other("select")
    }
  }

  /// The argument of lo_unlink: the OID, or as `pg_dump --clean` has it, one that is looked up first.
  private mutating func unlinkedObject() -> UInt32? {
    if let oid = oid() { return oid }
    guard cursor.take("oid", ")"), cursor.skip(to: "where"), cursor.take("where", "oid", "=") else { return nil }
    return oid()
  }

  /// An OID, as a number or in quotes.
  mutating func oid() -> UInt32? {
    if let text = cursor.literal() { return UInt32(text) }
    guard cursor.token.kind == .number else { return nil }
    defer { cursor.advance() }
    return UInt32(cursor.text(of: cursor.token.start..<cursor.token.end))
  }
}
