/// A path in an archive, or where a link points to: any bytes but NUL, as Linux takes them (path_resolution(7)).
package struct TarName: Sendable, Hashable {
  package var bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether it ends as the name of a directory does in archives that have no kind for it.
  package var endsInSlash: Bool { bytes.last == UInt8(ascii: "/") }
}

extension TarName: CustomStringConvertible {
  /// UTF-8 as it is; a backslash doubled, and every other byte written out as `ls --quoting-style=escape` does.
  package var description: String {
    var text = ""
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    var index = 0
    while true {
      switch parser.parseScalar(from: &input) {
      case .valid(let encoded):
        index += encoded.count
        Self.append(Unicode.UTF8.decode(encoded), to: &text)
      case .error(let length):
        for byte in bytes[index..<index + length] { text += Self.octal(byte) }
        index += length
      case .emptyInput: return text
      }
    }
  }

  private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case "\\": text += "\\\\"
    case "\u{7}": text += "\\a"
    case "\u{8}": text += "\\b"
    case "\t": text += "\\t"
    case "\n": text += "\\n"
    case "\u{B}": text += "\\v"
    case "\u{C}": text += "\\f"
    case "\r": text += "\\r"
    case "\0"..." ", "\u{7F}": text += scalar == " " ? " " : octal(UInt8(scalar.value))
    default: text.unicodeScalars.append(scalar)
    }
  }

  private static func octal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 8)
    return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
