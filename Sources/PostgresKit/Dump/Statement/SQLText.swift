/// SQL text as the dump has it: bytes in the dump's own encoding, which need not be UTF-8.
package struct SQLText: Sendable, Hashable {
  package var bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }
}

extension SQLText: CustomStringConvertible {
  /// The text as people read it: as UTF-8, with U+FFFD for what is not.
  package var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension SQLText: Codable {
  /// A string where the bytes are UTF-8, else an array of numbers; so JSON keeps every byte.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let text = String(validating: bytes, as: UTF8.self) {
      try container.encode(text)
    } else {
      try container.encode(bytes)
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      bytes = Array(text.utf8)
    } else {
      bytes = try container.decode([UInt8].self)
    }
  }
}
