internal import CZlib
internal import RecoverBase

/// One zlib inflate stream for gzip members (RFC 1952), with its input buffer.
///
/// The `z_stream` lives on the heap, since zlib refuses one that was moved.
@safe struct Inflater: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer

  /// 15 bits of window, and 16 for "gzip header and trailer only".
  private static let gzipBits: Int32 = 15 + 16
  /// The size of deflate's window.
  static let windowBytes = 32 << 10

  /// How one call of ``inflate(into:)`` ended.
  enum Outcome {
    /// All input is used up; the member goes on.
    case needsInput
    /// The output buffer is full.
    case outputFull
    /// A block of the member ended, and the caller wanted to know; see ``isBetweenBlocks``.
    case blockEnded
    /// The member ended; its CRC-32 and length hold.
    case memberEnded
    /// The bytes are no gzip member, or a checksum is wrong. The text is zlib's.
    case damaged(String)
  }

  init(inputBytes: Int) throws {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    guard unsafe recover_inflate_init(stream, Self.gzipBits) == Z_OK else {
      unsafe stream.deallocate()
      throw RecoverError(.noSpace, "out of memory for zlib's inflate")
    }
    unsafe self.stream = unsafe stream
    unsafe input = UnsafeMutableRawBufferPointer.allocate(byteCount: inputBytes, alignment: 16)
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
    unsafe input.deallocate()
  }

  /// How many bytes of the input buffer are not used yet.
  var pendingBytes: Int { unsafe Int(stream.pointee.avail_in) }

  /// The next byte that is not used yet; nil when there is none.
  var nextByte: UInt8? { unsafe pendingBytes > 0 ? stream.pointee.next_in.pointee : nil }

  /// Passes over one byte of the input.
  mutating func skipByte() {
    precondition(pendingBytes > 0, "no input to skip")
    unsafe stream.pointee.next_in += 1
    unsafe stream.pointee.avail_in -= 1
  }

  /// Reads the next input, where all before it is used up.
  ///
  /// - Returns: false at the end of the source.
  mutating func refill<Source: ByteSource & ~Copyable>(from source: inout Source) throws -> Bool {
    precondition(pendingBytes == 0, "input would be lost")
    let count = unsafe try source.read(into: input)
    unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = uInt(count)
    return count > 0
  }

  /// Gets ready for another member.
  mutating func beginMember() { unsafe inflateReset2(stream, Self.gzipBits) }

  /// Inflates as much as input and output allow, and counts the bytes in `written`.
  ///
  /// - Parameter stopsAtBlocks: whether to return at the end of each block; ``isBetweenBlocks`` tells then.
  mutating func inflate(
    into output: UnsafeMutableRawBufferPointer, written: inout Int, stopsAtBlocks: Bool
  ) -> Outcome {
    let room = min(output.count - written, Int(UInt32.max))
    guard room > 0 else { return .outputFull }
    unsafe stream.pointee.next_out = output.baseAddress?.advanced(by: written).assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = uInt(room)
    let code = unsafe CZlib.inflate(stream, stopsAtBlocks ? Z_BLOCK : Z_NO_FLUSH)
    written += unsafe room - Int(stream.pointee.avail_out)
    switch code {
    case Z_STREAM_END: return .memberEnded
    case Z_OK, Z_BUF_ERROR:
      if unsafe stream.pointee.avail_out == 0 { return .outputFull }
      return unsafe stream.pointee.avail_in > 0 ? .blockEnded : .needsInput
    default: return .damaged(unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "zlib error \(code)")
    }
  }
}

// MARK: The middle of a member

extension Inflater {
  /// Whether the last call, which was to stop there, stands between two blocks of a member (zlib.h, `data_type`).
  var isBetweenBlocks: Bool {
    let type = unsafe stream.pointee.data_type
    return type & 128 != 0 && type & 64 == 0
  }

  /// What there is to know of the member so far.
  ///
  /// `unusedBits` of the byte before the next one belong to what follows.
  var memberPlace: (unusedBits: Int, checksum: UInt32, byteCount: UInt32) {
    unsafe (
      Int(stream.pointee.data_type & 7), UInt32(truncatingIfNeeded: stream.pointee.adler),
      UInt32(truncatingIfNeeded: stream.pointee.total_out)
    )
  }

  /// What the next bytes may refer back to: up to 32 KiB of the member's content.
  var window: [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Self.windowBytes) { buffer, count in
      var length = uInt(0)
      unsafe inflateGetDictionary(stream, buffer.baseAddress, &length)
      count = Int(length)
    }
  }

  /// Gets ready for the bare deflate data of a member's rest.
  mutating func beginRest() { unsafe inflateReset2(stream, -15) }

  /// Takes the last bits of a byte as the first ones of the input.
  mutating func prime(_ byte: UInt8, bits: Int) {
    unsafe inflatePrime(stream, Int32(bits), Int32(byte) >> Int32(8 - bits))
  }

  /// Says what the data may refer back to.
  mutating func setWindow(_ window: [UInt8]) {
    if !window.isEmpty { unsafe inflateSetDictionary(stream, window, uInt(window.count)) }
  }
}
