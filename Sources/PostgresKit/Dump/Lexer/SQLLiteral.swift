/// The values of literals and quoted identifiers (PostgreSQL 15, chapter 4.1).
///
/// Meant for names and settings: a literal in an odd form, such as continued lines, gives its text as far as it
/// can be understood.
enum SQLLiteral {
  /// The name in `"..."` or `U&"..."`.
  static func identifier(_ token: ArraySlice<UInt8>, clientEncoding: String?) -> String {
    let isUnicode = token.first != Ascii.doubleQuote
    let body = undoubled(token.dropFirst(isUnicode ? 3 : 1).dropLast(), quote: Ascii.doubleQuote)
    let name = DumpText.string(body, clientEncoding: clientEncoding)
    return isUnicode ? unescapedUnicode(name) : name
  }

  /// The value of a token in single or dollar quotes.
  static func value(of token: ArraySlice<UInt8>, standardStrings: Bool, clientEncoding: String?) -> String {
    let text: [UInt8]
    switch token.first.map(Ascii.lowercased) {
    case Ascii.dollar:
      let tag = token.dropFirst().prefix { $0 != Ascii.dollar }.count + 2
      text = Array(token.dropFirst(tag).dropLast(tag))
    case Ascii.quote: text = body(token, prefix: 0, escapes: !standardStrings)
    case UInt8(ascii: "e"): text = body(token, prefix: 1, escapes: true)
    case UInt8(ascii: "u"):
      return unescapedUnicode(
        DumpText.string(body(token, prefix: 2, escapes: false), clientEncoding: clientEncoding))
    default: text = body(token, prefix: 1, escapes: false)
    }
    return DumpText.string(text, clientEncoding: clientEncoding)
  }

  private static func body(_ token: ArraySlice<UInt8>, prefix: Int, escapes: Bool) -> [UInt8] {
    let body = token.dropFirst(prefix + 1).dropLast()
    return undoubled(escapes ? unescaped(body)[...] : body, quote: Ascii.quote)
  }

  private static func undoubled(_ text: ArraySlice<UInt8>, quote: UInt8) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      result.append(byte)
      if byte == quote, rest.first == quote { rest.removeFirst() }
    }
    return result
  }

  /// Backslash escapes of `E'...'`: the letters, and octal and hexadecimal bytes.
  private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text
    func number(_ radix: Int, digits: Int) -> UInt8? {
      let run = rest.prefix(digits).prefix { Character(Unicode.Scalar($0)).hexDigitValue.map { $0 < radix } ?? false }
      guard !run.isEmpty else { return nil }
      rest.removeFirst(run.count)
      return UInt8(truncatingIfNeeded: Int(String(decoding: run, as: UTF8.self), radix: radix) ?? 0)
    }
    while let byte = rest.popFirst() {
      guard byte == Ascii.backslash, let escaped = rest.first else {
        result.append(byte)
        continue
      }
      if let value = number(8, digits: 3) {
        result.append(value)
        continue
      }
      rest.removeFirst()
      switch escaped {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "x"): result.append(number(16, digits: 2) ?? escaped)
      // Doubled, so that it is not taken for half of a doubled quote afterwards.
      case Ascii.quote: result += [Ascii.quote, Ascii.quote]
      default: result.append(escaped)
      }
    }
    return result
  }

  /// `\0041` and `\+000041` of `U&'...'`, with the usual escape character.
  private static func unescapedUnicode(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "\\" else {
        result.append(scalar)
        continue
      }
      if rest.first == "\\" {
        rest.removeFirst()
        result.append(scalar)
        continue
      }
      let isLong = rest.first == "+"
      let digits = rest.dropFirst(isLong ? 1 : 0).prefix(isLong ? 6 : 4)
      guard let value = UInt32(String(digits), radix: 16), let decoded = Unicode.Scalar(value) else {
        result.append(scalar)
        continue
      }
      rest.removeFirst(digits.count + (isLong ? 1 : 0))
      result.append(decoded)
    }
    return String(result)
  }
}
