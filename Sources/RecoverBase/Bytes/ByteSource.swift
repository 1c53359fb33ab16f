/// A stream of bytes that is read once, front to back: a file, a gzip file's content, a pipe.
///
/// Blocking: call it on a thread of its own (``BlockingThread``).
package protocol ByteSource: ~Copyable {
  /// Reads up to `buffer.count` bytes into the buffer.
  ///
  /// - Returns: how many bytes were written to the front of the buffer; 0 only at the end.
  /// - Throws: ``RecoverError``; `backupRefused` where the content is damaged, with its place.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

  /// How many bytes of the underlying file have been consumed, for progress and ETA.
  var consumedBytes: Int64 { get }
}
