internal import CZlib

/// What zlib does not check of a gzip member that was entered in its middle (RFC 1952, 2.3.1): the trailer.
struct MemberRest {
  /// The CRC-32 of the member's content so far.
  private var checksum: UInt32
  /// The size of the member's content so far, modulo 2^32.
  private var byteCount: UInt32
  /// CRC-32 and size as the file has them, as far as they were read.
  var trailer: [UInt8] = []

  init(checksum: UInt32, byteCount: UInt32) {
    (self.checksum, self.byteCount) = (checksum, byteCount)
  }

  /// Takes content into account.
  mutating func add(_ content: UnsafeRawBufferPointer) {
    let bytes = unsafe content.baseAddress?.assumingMemoryBound(to: UInt8.self)
    checksum = unsafe UInt32(truncatingIfNeeded: crc32_z(uLong(checksum), bytes, content.count))
    byteCount &+= UInt32(truncatingIfNeeded: content.count)
  }

  var isTrailerWhole: Bool { trailer.count == 8 }

  /// What is wrong with the trailer; nil when it agrees with the content.
  var complaint: String? {
    let numbers = [0, 4].map { start in
      trailer[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    if numbers[0] != checksum { return "incorrect data check" }
    return numbers[1] == byteCount ? nil : "incorrect length check"
  }
}
