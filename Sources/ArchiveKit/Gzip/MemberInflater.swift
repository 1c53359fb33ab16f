internal import CLibdeflate
internal import RecoverBase

/// libdeflate's decompressor, one whole gzip member a call.
@safe struct MemberInflater: ~Copyable {
  private let handle: OpaquePointer

  init() throws {
    guard let handle = unsafe libdeflate_alloc_decompressor() else {
      throw RecoverError(.noSpace, "out of memory for libdeflate")
    }
    unsafe self.handle = unsafe handle
  }

  deinit { unsafe libdeflate_free_decompressor(handle) }

  /// Inflates a member, with its CRC-32 and its length checked.
  ///
  /// - Parameters:
  ///   - count: how many bytes of `member` it has.
  ///   - content: at least as long as the content.
  /// - Returns: false where it is damaged, or is not of these sizes.
  func inflate(_ member: [UInt8], count: Int, into content: inout [UInt8], contentBytes: Int) -> Bool {
    var (read, written) = (0, 0)
    let result = unsafe member.withUnsafeBytes { input in
      unsafe content.withUnsafeMutableBytes { output in
        unsafe libdeflate_gzip_decompress_ex(
          handle, input.baseAddress, count, output.baseAddress, contentBytes, &read, &written)
      }
    }
    return result == LIBDEFLATE_SUCCESS && read == count && written == contentBytes
  }
}
