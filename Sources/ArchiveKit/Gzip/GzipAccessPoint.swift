internal import RecoverBase

/// A place in a gzip file from which its content can be inflated without what comes before.
///
/// Either a member begins there (RFC 1952), or a block of a member's deflate stream (RFC 1951). The latter also needs
/// the 32 KiB of content before it, which go beside it as bytes that only ``GzipSource`` understands.
package struct GzipAccessPoint: Sendable, Hashable {
  /// The offset in the content.
  package var offset: Int64
  /// Where reading the file has to begin.
  package var fileOffset: Int64
  /// The number of the member, from 1 on.
  package var member: Int
  /// What is known of the member so far; nil where it only begins.
  package var rest: Rest?

  /// What has to be known to go on inside of a member, and to check it at its end.
  package struct Rest: Sendable, Hashable {
    /// How many bits of the first byte belong to what follows: 0 means that it is whole; else 1 to 7.
    package var bits: Int
    /// The CRC-32 of the member's content so far.
    package var checksum: UInt32
    /// The size of the member's content so far, modulo 2^32.
    package var byteCount: UInt32

    package init(bits: Int, checksum: UInt32, byteCount: UInt32) {
      (self.bits, self.checksum, self.byteCount) = (bits, checksum, byteCount)
    }
  }

  package init(offset: Int64, fileOffset: Int64, member: Int, rest: Rest? = nil) {
    (self.offset, self.fileOffset, self.member, self.rest) = (offset, fileOffset, member, rest)
  }
}

/// Has a ``GzipSource`` tell the places from which its file can be read later.
package struct GzipAccessRecorder {
  /// The distance of two points in the content; a block longer than that makes it longer.
  let intervalBytes: Int64
  /// Takes a point, and the window that it needs, packed: at most 33 KiB, and nothing at the start of a member.
  let record: (GzipAccessPoint, [UInt8]) throws -> Void
  /// No point is recorded before this offset.
  private var nextOffset: Int64

  package init(
    intervalBytes: Int64 = 16 << 20, record: @escaping (GzipAccessPoint, [UInt8]) throws -> Void
  ) {
    precondition(intervalBytes > 0, "points without a distance")
    self.intervalBytes = intervalBytes
    self.record = record
    // The front needs no point.
    nextOffset = intervalBytes
  }

  func isDue(at offset: Int64) -> Bool { offset >= nextOffset }

  mutating func add(_ point: GzipAccessPoint, window: [UInt8]) throws {
    try record(point, window)
    nextOffset = point.offset + intervalBytes
  }
}
