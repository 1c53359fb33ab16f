/// Text that is safe and fits on a terminal: pure.
///
/// Names of tables and messages of servers come from dumps and from the network; what they hold must neither
/// move the cursor nor reverse what the person reads.
enum TerminalText {
  /// The text with control characters and direction marks written out: `\u{1B}`.
  ///
  /// - Parameter keepsLines: whether line breaks stay; tabs become spaces either way.
  static func safe(_ text: String, keepsLines: Bool = false) -> String {
    guard text.unicodeScalars.contains(where: { isUnsafe($0) }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n" where keepsLines: result += "\n"
      case "\t": result += " "
      case _ where isUnsafe(scalar): result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The beginning of a text that fits into so many columns; `…` stands for what was cut off.
  static func fitted(_ text: String, columns: Int) -> String {
    guard width(text) > columns else { return text }
    guard columns > 0 else { return "" }
    var result = ""
    var used = 1
    for character in text {
      let width = width(character)
      guard used + width <= columns else { break }
      used += width
      result.append(character)
    }
    return result + "…"
  }

  /// How many columns a text takes up.
  static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

  /// The text, filled up with spaces.
  static func padded(_ text: String, columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - width(text)))
  }

  private static func width(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if first.value < 0x300 { return 1 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return isWide(first) ? 2 : 1
    }
  }

  /// The wide and full-width blocks of Unicode (UAX #11), as terminals draw them.
  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1_F300...0x1_F64F, 0x1_F680...0x1_F6FF, 0x1_F900...0x1_FAFF,
      0x2_0000...0x3_FFFD:
      true
    default: false
    }
  }

  /// Control characters, separators of lines, and what changes the direction of text (UAX #9).
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
