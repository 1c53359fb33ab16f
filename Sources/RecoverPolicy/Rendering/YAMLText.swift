/// Writes texts as YAML scalars that every reader takes for texts, YAML 1.1 readers too.
enum YAMLText {
  /// One scalar: without quotes where that is safe, as a block where it has lines, else in double quotes.
  ///
  /// - Parameter indentation: how many spaces the lines of a block get.
  static func scalar(_ text: String, indentation: Int) -> String {
    if isPlain(text) { return text }
    return block(text, indentation: indentation) ?? quoted(text)
  }

  /// One scalar that fits into a flow collection: never a block.
  static func inline(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

  /// Words that YAML 1.1 or 1.2 reads as something else than texts.
  private static let reserved: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, isLetter(first) || first == "/" || first == "_",
      !reserved.contains(text.lowercased()), !text.hasSuffix(":")
    else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      isLetter(scalar) || ("0"..."9").contains(scalar) || "_-./:@+=%".unicodeScalars.contains(scalar)
    }
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }

  /// A literal block (YAML 1.2.2, 8.1.2); nil for a text that such a block would change.
  private static func block(_ text: String, indentation: Int) -> String? {
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count > 1, let first = lines.first?.first, first != " ", first != "\t",
      text.unicodeScalars.allSatisfy({ $0 == "\n" || isPrintable($0) })
    else { return nil }
    let endsInNewline = lines.last?.isEmpty ?? false
    let body = endsInNewline ? lines.dropLast() : lines[...]
    guard body.last?.isEmpty == false else { return nil }
    let margin = String(repeating: " ", count: indentation)
    let written = body.map { line in line.isEmpty ? "" : margin + String(String.UnicodeScalarView(line)) }
    return (endsInNewline ? "|\n" : "|-\n") + written.joined(separator: "\n")
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        if isPrintable(scalar) { result.unicodeScalars.append(scalar) } else { result += escape(scalar) }
      }
    }
    return result + "\""
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let width = scalar.value > 0xFFFF ? 8 : 4
    return (width == 8 ? "\\U" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
  }

  /// Whether a scalar may stand as it is, in any reader (YAML 1.2.2, 5.1), and is no line break of any kind.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
    case 0x1_0000...0x10_FFFF: true
    default: false
    }
  }
}
