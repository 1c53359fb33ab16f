import RecoverTestSupport
import Testing

@testable import RecoverBase

@Suite("Content sums")
struct ContentSumTests {
  /// From `openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:16 SIPHASH`; the first one stands in
  /// the reference implementation's own table too.
  static let vectors: [([UInt8], String)] = [
    ([], "a3817f04ba25a8e66df67214c7550293"),
    (Array("hello".utf8), "2e63d4811171dff2a8bef52956e0c29f"),
    (Array("aaaaaaaa".utf8), "026bd04a92cea7ca7db5a210b14e5ee1"),
    (Array(0..<100), "39732dd009be17338297c6358fe5e6d9"),
  ]

  @Test("the hash is SipHash-2-4 with 128 bits", arguments: vectors)
  func hash(_ bytes: [UInt8], _ expected: String) {
    let hash = unsafe bytes.withUnsafeBytes { unsafe SipHash.hash($0) }
    let text = (0..<16).map { index in
      let digits = String(UInt8(truncatingIfNeeded: hash >> UInt128(index * 8)), radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    #expect(text.joined() == expected)
  }

  private static func sum(_ rows: [[UInt8]]) -> ContentSum {
    rows.reduce(into: ContentSum()) { sum, row in sum.add(row: row.span) }
  }

  private static func rows(_ generator: inout SeededGenerator) -> [[UInt8]] {
    (0..<Int.random(in: 1...12, using: &generator)).map { _ in
      (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
  }

  @Test("the order of rows does not matter, nor who summed which of them")
  func order() throws {
    try Property.check { generator in
      let rows = Self.rows(&generator)
      let sum = Self.sum(rows)
      try Property.require(Self.sum(rows.shuffled(using: &generator)) == sum, "order")
      var left = Self.sum(Array(rows.prefix(rows.count / 2)))
      left.add(Self.sum(Array(rows.dropFirst(rows.count / 2))))
      try Property.require(left == sum, "parts")
    }
  }

  @Test("a flipped bit, a row less, and a row that is there twice more are seen")
  func changes() throws {
    try Property.check { generator in
      let rows = Self.rows(&generator)
      let sum = Self.sum(rows).hex
      let place = Int.random(in: 0..<rows.count, using: &generator)
      // Twice, so that an exclusive or would not see it.
      try Property.require(Self.sum(rows + [rows[place], rows[place]]).hex != sum, "two more")
      var fewer = rows
      fewer.remove(at: place)
      try Property.require(Self.sum(fewer).hex != sum, "one less")
      guard !rows[place].isEmpty else { return }
      var flipped = rows
      let byte = Int.random(in: 0..<rows[place].count, using: &generator)
      flipped[place][byte] ^= 1 << UInt8.random(in: 0...7, using: &generator)
      try Property.require(Self.sum(flipped).hex != sum, "a bit")
    }
  }

  @Test("a sum is read as it was written, and nothing else is")
  func coding() throws {
    let sum = Self.sum([[1, 2], [3]])
    let bytes = try JSONValue.canonicalBytes(of: sum)
    #expect(try JSONValue.decode(ContentSum.self, from: bytes) == sum)
    let zeros = String(repeating: "0", count: 31)
    for sum in ["", "0", zeros + "00", zeros + "g", "+" + zeros] {
      let text = "{\"rows\":1,\"bytes\":1,\"sum\":\"\(sum)\"}"
      #expect(throws: (any Error).self, "\(text)") { try JSONValue.decode(ContentSum.self, from: Array(text.utf8)) }
    }
  }
}
