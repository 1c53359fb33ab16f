internal import Crypto

/// A SHA-256 digest (FIPS 180-4) as a value: 32 bytes, shown as 64 lower-case hexadecimal digits.
package struct Digest: Sendable, Hashable {
  /// Always 32 bytes.
  package let bytes: [UInt8]

  /// The digest of `data`.
  package init(of data: some Sequence<UInt8>) {
    var hasher = DigestBuilder()
    hasher.update(Array(data))
    self = hasher.finish()
  }

  /// A digest from its hexadecimal form; nil unless it is exactly 64 digits.
  package init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = Self.value(of: digits[index]), let low = Self.value(of: digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// A digest from its bytes; nil unless there are exactly 32.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  fileprivate init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// 64 lower-case hexadecimal digits.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first 12 digits, for people.
  package var short: String { String(hex.prefix(12)) }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Digest: CustomStringConvertible {
  package var description: String { hex }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = Digest(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 64 hexadecimal digits")
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}

/// Computes a ``Digest`` piece by piece.
package struct DigestBuilder {
  private var hasher = SHA256()

  package init() {}

  /// Adds bytes to what is hashed.
  package mutating func update(_ bytes: [UInt8]) { hasher.update(data: bytes) }

  /// Adds bytes to what is hashed, without a copy.
  package mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
  }

  /// Adds bytes to what is hashed, without a copy.
  package mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
  }

  /// The digest of everything so far; the builder can go on afterwards.
  package func finish() -> Digest { Digest(Array(hasher.finalize())) }
}
