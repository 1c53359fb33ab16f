/// The name of a run: 12 lower-case characters of Crockford's base 32, the first 8 of them the second it was
/// made in, so that names sort by time.
package struct RunID: Sendable, Hashable, Codable {
  package let text: String

  /// A run's name from what a person typed; nil for anything that can't be one.
  package init?(_ text: String) {
    let text = text.lowercased()
    guard text.utf8.count == 12, text.utf8.allSatisfy({ Self.alphabet.contains($0) }) else { return nil }
    self.text = text
  }

  /// A new name.
  ///
  /// - Parameter random: 20 bits that tell apart runs of the same second.
  package init(seconds: Int64, random: UInt32) {
    var digits: [UInt8] = []
    for shift in stride(from: 35, through: 0, by: -5) {
      digits.append(Self.alphabet[Int(truncatingIfNeeded: seconds >> Int64(shift)) & 31])
    }
    for shift in stride(from: 15, through: 0, by: -5) {
      digits.append(Self.alphabet[Int(random >> UInt32(shift)) & 31])
    }
    text = String(decoding: digits, as: UTF8.self)
  }

  /// The second in which it was made, since 1970-01-01 UTC.
  package var seconds: Int64 {
    text.utf8.prefix(8).reduce(0) { $0 << 5 | Int64(Self.alphabet.firstIndex(of: $1) ?? 0) }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let run = RunID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the name of a run")
    }
    self = run
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

extension RunID: CustomStringConvertible {
  package var description: String { text }
}
