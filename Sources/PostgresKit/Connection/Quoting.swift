/// Writes names and values into SQL text.
package enum Quoting {
  /// A quoted identifier: `"we""ird"`.
  ///
  /// NUL bytes can't be in one and are left out.
  package static func identifier(_ name: String) -> String { doubling("\"", in: name) }

  /// A quoted name with its schema.
  package static func identifier(_ schema: String, _ name: String) -> String {
    "\(identifier(schema)).\(identifier(name))"
  }

  /// A string constant that means the same whatever `standard_conforming_strings` is: with a backslash in it, in
  /// the escape syntax (PostgreSQL, "String Constants with C-Style Escapes").
  package static func literal(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return doubling("'", in: text) }
    // The space keeps the E from joining a word before it, as in PQescapeLiteral.
    return " E" + doubling("'", in: doubling("\\", in: text, quoted: false))
  }

  private static func doubling(_ mark: Character, in text: String, quoted: Bool = true) -> String {
    var result = quoted ? String(mark) : ""
    for scalar in text.unicodeScalars where scalar != "\0" {
      if Character(scalar) == mark { result.append(mark) }
      result.unicodeScalars.append(scalar)
    }
    if quoted { result.append(mark) }
    return result
  }
}
