internal import Glibc
internal import RecoverBase

/// A temporary file without a name, gone with its last descriptor: for what would be too much for memory.
struct UnnamedFile: ~Copyable {
  let descriptor: Int32
  private var buffer: [UInt8] = []
  private var writtenBytes: Int64 = 0

  private static let bufferBytes = 64 << 10

  /// - Parameter root: a directory on the file system that is to hold it.
  init(in root: borrowing TreeRoot) throws {
    let dot = FileName.c([UInt8(ascii: ".")])
    let unnamed = unsafe openat(root.descriptor, dot, Self.temporary | O_RDWR | O_CLOEXEC, 0o600)
    guard unnamed < 0 else {
      descriptor = unnamed
      return
    }
    // Not every file system has such files.
    let name = FileName.c(Array(".recover-temporary-\(UInt64.random(in: 0...UInt64.max))".utf8))
    let named = unsafe openat(root.descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard named >= 0 else { throw RecoverError.system(.stepFailed, "can't make a temporary file in \(root.path)") }
    unsafe unlinkat(root.descriptor, name, 0)
    descriptor = named
  }

  /// Takes over a new and empty file, which may have a name.
  init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// O_TMPFILE, which is a macro that Swift can't read.
  private static var temporary: Int32 { 0o20000000 | O_DIRECTORY }

  /// How many bytes were put in.
  var byteCount: Int64 { writtenBytes + Int64(buffer.count) }

  /// Adds bytes at the end.
  mutating func append(_ bytes: [UInt8]) throws {
    buffer += bytes
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Makes all that was added readable.
  mutating func flush() throws {
    var written = 0
    while written < buffer.count {
      let count = unsafe buffer.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
        return unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(writtenBytes) + off_t(written))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw RecoverError.system(.stepFailed, "can't write a temporary file") }
      written += count
    }
    writtenBytes += Int64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Reads what was flushed; fewer bytes only at the end.
  static func read(_ descriptor: Int32, at offset: Int64, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = unsafe bytes.withUnsafeMutableBytes { buffer in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        return unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
      }
      if read < 0, errno == EINTR { continue }
      guard read >= 0 else { throw RecoverError.system(.stepFailed, "can't read a temporary file") }
      if read == 0 { break }
      filled += read
    }
    return Array(bytes.prefix(filled))
  }
}
