/// What rows there are, whatever their order: how many, how many bytes, and the sum modulo 2^128 of their hashes.
///
/// A sum and not an exclusive or, in which a row that is there twice would vanish. A flipped bit, a row that lacks or is
/// there once more, a value that moved to another row: each changes the sum but for a chance of 2^-128. See
/// docs/decisions/0010-backups.md for the hash, and for what it does not promise.
package struct ContentSum: Sendable, Hashable {
  package private(set) var rows: Int64 = 0
  /// Of the rows' text, newlines included.
  package private(set) var bytes: Int64 = 0
  private var sum: UInt128 = 0

  package init() {}

  /// Adds a row's text.
  package mutating func add(row: Span<UInt8>) {
    rows &+= 1
    bytes &+= Int64(row.count)
    sum &+= unsafe row.withUnsafeBytes { unsafe SipHash.hash($0) }
  }

  /// Adds other rows.
  package mutating func add(_ other: ContentSum) {
    rows &+= other.rows
    bytes &+= other.bytes
    sum &+= other.sum
  }

  /// The sum as 32 hexadecimal digits.
  package var hex: String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }
}

extension ContentSum: Codable {
  private enum CodingKeys: String, CodingKey { case rows, bytes, sum }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    rows = try container.decode(Int64.self, forKey: .rows)
    bytes = try container.decode(Int64.self, forKey: .bytes)
    let text = try container.decode(String.self, forKey: .sum)
    guard text.utf8.count == 32, text.allSatisfy(\.isHexDigit), let sum = UInt128(text, radix: 16) else {
      throw DecodingError.dataCorruptedError(
        forKey: .sum, in: container, debugDescription: "not 32 hexadecimal digits")
    }
    self.sum = sum
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rows, forKey: .rows)
    try container.encode(bytes, forKey: .bytes)
    try container.encode(hex, forKey: .sum)
  }
}

extension ContentSum: CustomStringConvertible {
  package var description: String { "\(rows) rows, \(hex)" }
}
