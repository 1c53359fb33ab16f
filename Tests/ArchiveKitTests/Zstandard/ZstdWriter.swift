internal import CZstd

/// Zstandard frames for tests, written by libzstd.
enum ZstdWriter {
  /// One frame that holds `content`, with a checksum.
  static func frame(_ content: [UInt8], level: Int32 = 3) -> [UInt8] {
    let context = unsafe ZSTD_createCCtx()
    defer { unsafe ZSTD_freeCCtx(context) }
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count) + 64)
    let room = output.count
    let count = unsafe content.withUnsafeBytes { content in
      unsafe output.withUnsafeMutableBytes { output in
        var source = unsafe ZSTD_inBuffer(src: content.baseAddress, size: content.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: room, pos: 0)
        while unsafe ZSTD_compressStream2(context, &target, &source, ZSTD_e_end) != 0 {}
        return unsafe target.pos
      }
    }
    return Array(output.prefix(count))
  }
}
