internal import CZlib
internal import RecoverBase

/// zlib's deflate, one member a call.
///
/// The `z_stream` lives on the heap, since zlib refuses one that was moved.
@safe final class ZlibCompressor: MemberCompressor {
  private let stream: UnsafeMutablePointer<z_stream>

  init(level: Int) throws {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for a gzip header and trailer.
    guard unsafe recover_deflate_init(stream, Int32(level), 15 + 16) == Z_OK else {
      unsafe stream.deallocate()
      throw RecoverError(.noSpace, "out of memory for zlib's deflate")
    }
    unsafe self.stream = unsafe stream
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  func compress(_ content: Span<UInt8>, into member: inout [UInt8]) throws {
    unsafe deflateReset(stream)
    let bound = unsafe Int(deflateBound(stream, uLong(content.count)))
    let size = try unsafe content.withUnsafeBytes { input in
      try unsafe [UInt8].filling(&member, atMost: bound) { output in
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
          mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = uInt(input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = uInt(output.count)
        guard unsafe deflate(stream, Z_FINISH) == Z_STREAM_END else {
          throw RecoverError(.bug, "zlib did not fit a member into its own bound")
        }
        return unsafe output.count - Int(stream.pointee.avail_out)
      }
    }
    member.removeSubrange(size...)
  }
}

extension [UInt8] {
  /// Makes the array `count` bytes long, if it is shorter, and lends them.
  @unsafe static func filling<Value>(
    _ array: inout [UInt8], atMost count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Value
  ) rethrows -> Value {
    if array.count < count { array += [UInt8](repeating: 0, count: count - array.count) }
    return try unsafe array.withUnsafeMutableBytes { try unsafe body($0) }
  }
}
