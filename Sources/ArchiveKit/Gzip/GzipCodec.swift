/// What compresses gzip members (RFC 1952): any of them reads what any other writes.
package enum GzipCodec: String, Sendable, Codable, CaseIterable {
  /// The reference: everywhere the same bytes.
  case zlib
  /// Two to three times as fast at the same level, and a little smaller; whole members only.
  case libdeflate

  /// A compressor of whole members; one thread at a time uses it.
  ///
  /// - Parameter level: from 1, the fastest, to 9, the smallest.
  package func makeCompressor(level: Int) throws -> any MemberCompressor {
    precondition((1...9).contains(level), "a gzip level is from 1 to 9")
    switch self {
    case .zlib: return try ZlibCompressor(level: level)
    case .libdeflate: return try LibdeflateCompressor(level: level)
    }
  }
}

/// Turns bytes into one gzip member at a time.
package protocol MemberCompressor: AnyObject {
  /// Replaces what is in `member` by a gzip member of the content: header, data, CRC-32 and length.
  ///
  /// - Throws: ``RecoverError`` `noSpace` when there is no memory.
  func compress(_ content: Span<UInt8>, into member: inout [UInt8]) throws
}
