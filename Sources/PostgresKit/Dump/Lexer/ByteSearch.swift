internal import Glibc

/// Searches in bytes at the speed of memchr(3).
enum ByteSearch {
  /// The index of the first `byte` at or after `start` and before `end`; nil when there is none.
  static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
    precondition(start >= 0 && end <= bytes.count, "search outside of the bytes")
    guard start < end else { return nil }
    return unsafe bytes.withUnsafeBytes { buffer -> Int? in
      guard let base = buffer.baseAddress else { return nil }
      // Short rows and literals are most of them, and a call costs as much as looking at two words.
      var index = start
      let pattern = UInt64(byte) &* Self.ones
      while index + 8 <= end, index < start + 16 {
        let word = unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ pattern
        // The lowest bit that is set marks the first byte that became zero.
        let zeros = (word &- Self.ones) & ~word & (Self.ones << 7)
        if zeros != 0 { return index + zeros.trailingZeroBitCount / 8 }
        index += 8
      }
      guard let found = unsafe memchr(base + index, Int32(byte), end - index) else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }

  /// A one in every byte.
  private static let ones: UInt64 = 0x0101_0101_0101_0101

  /// The index of the first `byte` at or after `start`; nil when there is none.
  static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int = 0) -> Int? {
    firstIndex(of: byte, in: bytes, from: start, to: bytes.count)
  }

  /// How many line feeds stand before `end`.
  static func countLines(in bytes: Span<UInt8>, to end: Int) -> Int {
    var count = 0
    var position = 0
    while let found = firstIndex(of: Ascii.lineFeed, in: bytes, from: position, to: end) {
      count += 1
      position = found + 1
    }
    return count
  }
}
