/// The name of an object, with the schema where the dump gives it: `public."price$$list"`.
package struct SQLName: Sendable, Hashable, Codable {
  /// nil when the name stands alone; then `search_path` decides.
  package var schema: String?
  package var name: String

  package init(schema: String? = nil, _ name: String) {
    self.schema = schema
    self.name = name
  }
}

extension SQLName {
  // Swift's strings are equal when they look alike; PostgreSQL's names only when their bytes are.

  package static func == (left: SQLName, right: SQLName) -> Bool {
    left.name.utf8.elementsEqual(right.name.utf8)
      && (left.schema == nil) == (right.schema == nil)
      && (left.schema ?? "").utf8.elementsEqual((right.schema ?? "").utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in name.utf8 { hasher.combine(byte) }
  }
}

extension SQLName: CustomStringConvertible {
  /// The name in double quotes where SQL needs them.
  package var description: String {
    if let schema { "\(Self.quoted(schema)).\(Self.quoted(name))" } else { Self.quoted(name) }
  }

  /// An identifier in double quotes, unless it is plain: lower-case letters, digits and underscores.
  ///
  /// For people to read: a keyword is not quoted, so this is not for SQL that is sent to a server.
  private static func quoted(_ name: String) -> String {
    let isPlain =
      name.utf8.allSatisfy { Ascii.isDigit($0) || $0 == UInt8(ascii: "_") || $0 &- UInt8(ascii: "a") < 26 }
      && name.utf8.first.map(Ascii.isDigit) == false
    return isPlain ? name : "\"\(name.replacing("\"", with: "\"\""))\""
  }
}
