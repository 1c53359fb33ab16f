internal import CZlib

/// Gzip members for tests, written by zlib.
enum GzipWriter {
  /// One member that holds `content`.
  ///
  /// - Parameters:
  ///   - level: 0 stores, 9 compresses best.
  ///   - memory: 1 to 9; 1 makes a block of every 128 symbols.
  ///   - strategy: zlib's, such as `Z_FIXED`.
  static func member(_ content: [UInt8], level: Int32 = 6, memory: Int32 = 8, strategy: Int32 = 0) -> [UInt8] {
    var stream = unsafe z_stream()
    unsafe deflateInit2_(
      &stream, level, Z_DEFLATED, 15 + 16, memory, strategy, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { unsafe deflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: unsafe Int(deflateBound(&stream, uLong(content.count))) + 64)
    var input = content
    let size = output.count
    unsafe input.withUnsafeMutableBufferPointer { input in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = uInt(input.count)
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = uInt(size)
        _ = unsafe deflate(&stream, Z_FINISH)
      }
    }
    return Array(output.prefix(size - Int(unsafe stream.avail_out)))
  }
}
