package import RecoverBase

/// A source that computes the digest of all that is read from it.
package struct HashingSource<Source: ByteSource & ~Copyable>: ByteSource, ~Copyable {
  private var source: Source
  private var hasher = DigestBuilder()

  package init(_ source: consuming Source) { self.source = source }

  package var consumedBytes: Int64 { source.consumedBytes }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try unsafe source.read(into: buffer)
    let read = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
    unsafe hasher.update(read.bytes)
    return count
  }

  /// The digest of what was read so far.
  package var digest: Digest { hasher.finish() }
}
