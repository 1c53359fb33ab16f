internal import CZstd
internal import RecoverBase

/// One decompression context of libzstd, with its input buffer.
@safe struct ZstdDecoder: ~Copyable {
  private let context: OpaquePointer
  private let input: UnsafeMutableRawBufferPointer
  private var inputCount = 0
  private var inputIndex = 0

  /// How one call of ``decode(into:written:)`` ended.
  enum Outcome {
    /// All input is used up, or the output is full; the frame goes on.
    case goesOn
    /// The frame ended; its checksum holds, where it has one.
    case frameEnded
    /// The bytes are no frame, or a checksum is wrong. The text is libzstd's.
    case damaged(String)
    /// The frame needs more memory than is allowed.
    case windowTooLarge
  }

  /// - Parameter windowLog: the largest window that a frame may ask for, as a power of two.
  init(windowLog: Int32) throws {
    guard let context = unsafe ZSTD_createDStream() else {
      throw RecoverError(.noSpace, "out of memory for libzstd's decompression")
    }
    unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
    unsafe self.context = unsafe context
    unsafe input = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_DStreamInSize(), alignment: 16)
  }

  deinit {
    unsafe ZSTD_freeDStream(context)
    unsafe input.deallocate()
  }

  /// How many bytes of the input buffer are not used yet.
  var pendingBytes: Int { inputCount - inputIndex }

  /// Reads the next input, where all before it is used up.
  ///
  /// - Returns: false at the end of the source.
  mutating func refill<Source: ByteSource & ~Copyable>(from source: inout Source) throws -> Bool {
    precondition(pendingBytes == 0, "input would be lost")
    inputCount = unsafe try source.read(into: input)
    inputIndex = 0
    return inputCount > 0
  }

  /// Decompresses as much as input and output allow, up to the end of a frame, and counts the bytes in `written`.
  mutating func decode(into buffer: UnsafeMutableRawBufferPointer, written: inout Int) -> Outcome {
    var source = unsafe ZSTD_inBuffer(src: UnsafeRawPointer(input.baseAddress), size: inputCount, pos: inputIndex)
    var target = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: written)
    let code = unsafe ZSTD_decompressStream(context, &target, &source)
    inputIndex = unsafe source.pos
    written = unsafe target.pos
    guard ZSTD_isError(code) != 0 else { return code == 0 ? .frameEnded : .goesOn }
    if ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge { return .windowTooLarge }
    return .damaged(unsafe String(cString: ZSTD_getErrorName(code)))
  }
}
