internal import RecoverBase

/// What a scalar without quotes stands for: the YAML 1.2 core schema (10.3.2), less octal and hexadecimal.
///
/// YAML 1.1 made `no` a boolean and `12:30` an integer; here both are texts.
enum PlainScalar {
  static func value(_ text: String) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: break
    }
    guard let first = text.utf8.first, text.utf8.allSatisfy(mayBeInNumber),
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= first || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        || first == UInt8(ascii: ".")
    else { return .string(text) }
    if let integer = Int64(text) { return .integer(integer) }
    if let number = Double(text), number.isFinite { return .number(number) }
    return .string(text)
  }

  private static func mayBeInNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  /// Whether it is an empty value, which YAML reads as null.
  static func isNull(_ text: String, isPlain: Bool) -> Bool { isPlain && value(text) == .null }
}
