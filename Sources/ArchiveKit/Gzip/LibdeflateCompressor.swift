internal import CLibdeflate
internal import RecoverBase

/// libdeflate's compressor, one member a call.
@safe final class LibdeflateCompressor: MemberCompressor {
  private let handle: OpaquePointer

  init(level: Int) throws {
    guard let handle = unsafe libdeflate_alloc_compressor(Int32(level)) else {
      throw RecoverError(.noSpace, "out of memory for libdeflate")
    }
    unsafe self.handle = unsafe handle
  }

  deinit { unsafe libdeflate_free_compressor(handle) }

  func compress(_ content: Span<UInt8>, into member: inout [UInt8]) throws {
    let bound = unsafe libdeflate_gzip_compress_bound(handle, content.count)
    let size = unsafe content.withUnsafeBytes { input in
      unsafe [UInt8].filling(&member, atMost: bound) { output in
        unsafe libdeflate_gzip_compress(handle, input.baseAddress, input.count, output.baseAddress, output.count)
      }
    }
    guard size > 0 else { throw RecoverError(.bug, "libdeflate did not fit a member into its own bound") }
    member.removeSubrange(size...)
  }
}
