/// A change of a session setting: `SET`, `RESET` or `SELECT set_config(...)`.
package struct DumpSetting: Sendable, Hashable, Codable {
  /// In lower case; `all` for `RESET ALL` and `DISCARD ALL`.
  package var name: String
  /// The values, of which a list such as `search_path` has several; nil is the default.
  package var values: [String]?
  package var scope: Scope

  package enum Scope: String, Sendable, Hashable, Codable {
    case session
    /// Until the end of the transaction.
    case transaction
  }

  /// - Returns: nil for any other statement, and for `SET` of things that are no settings (constraints, roles).
  init?(_ cursor: SQLCursor) {
    var cursor = cursor
    if cursor.take("set") {
      self.init(afterSet: &cursor)
    } else if cursor.take("reset") {
      guard !cursor.take("session", "authorization"), let name = Self.name(&cursor) else { return nil }
      self.init(name: name, values: nil, scope: .session)
    } else if cursor.take("discard", "all") {
      self.init(name: "all", values: nil, scope: .session)
    } else if cursor.take("select") {
      self.init(afterSelect: &cursor)
    } else {
      return nil
    }
  }

  init(name: String, values: [String]?, scope: Scope) {
    self.name = name
    self.values = values
    self.scope = scope
  }

  /// The value as one text, items of a list parted by `, `; nil is the default.
  package var value: String? { values?.joined(separator: ", ") }

  private init?(afterSet cursor: inout SQLCursor) {
    let isLocal = cursor.take("local")
    if !isLocal { _ = cursor.take("session") }
    let scope: Scope = isLocal ? .transaction : .session
    if cursor.take("names") {
      self.init(name: "client_encoding", values: Self.values(&cursor), scope: scope)
      return
    }
    if cursor.take("time", "zone") {
      self.init(name: "timezone", values: Self.values(&cursor), scope: scope)
      return
    }
    guard let name = Self.name(&cursor), cursor.take("=") || cursor.take("to") else { return nil }
    self.init(name: name, values: Self.values(&cursor), scope: scope)
  }

  /// `set_config('name', 'value', is_local)` as the only thing selected.
  private init?(afterSelect cursor: inout SQLCursor) {
    guard let function = cursor.qualifiedName(), function.name == "set_config", cursor.take("("),
      let name = cursor.literal(), cursor.take(","), let value = cursor.literal(), cursor.take(",")
    else { return nil }
    // In SET a list is several values; here it is text that is split when it is used.
    var items = SQLCursor(value)
    let values = name.lowercased() == "search_path" ? Self.values(&items) : [value]
    self.init(name: name.lowercased(), values: values, scope: cursor.isAt("true") ? .transaction : .session)
  }

  /// A setting's name; extensions have a prefix: `plpgsql.extra_errors`.
  private static func name(_ cursor: inout SQLCursor) -> String? {
    guard let name = cursor.qualifiedName() else { return nil }
    return (name.schema.map { "\($0).\(name.name)" } ?? name.name).lowercased()
  }

  /// The values after `=`; nil for DEFAULT.
  private static func values(_ cursor: inout SQLCursor) -> [String]? {
    if cursor.isAt("default") { return nil }
    var values: [String] = []
    repeat { values.append(value(&cursor)) } while cursor.take(",")
    return values
  }

  private static func value(_ cursor: inout SQLCursor) -> String {
    if let text = cursor.literal() ?? cursor.identifier() { return text }
    let start = cursor.token.start
    var end = start
    while !cursor.isAtEnd, !cursor.isAt(",") {
      end = cursor.token.end
      cursor.advance()
    }
    return cursor.text(of: start..<end)
  }
}

extension DumpSetting {
  /// Changes what the rest of the dump is read by.
  func apply(to state: inout DumpReaderState) {
    switch name {
    case "standard_conforming_strings":
      // PostgreSQL takes every unambiguous beginning of these words for a boolean.
      let value = (value ?? "on").lowercased()
      let isFalse = ["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"].contains(value)
      state.standardConformingStrings = !isFalse
    case "client_encoding": state.clientEncoding = value
    case "all":
      state.standardConformingStrings = true
      state.clientEncoding = nil
    default: break
    }
  }
}
