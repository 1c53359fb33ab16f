internal import Glibc

/// The bytes of a regular file, from an offset to its end.
package struct FileSource: ByteSource, ~Copyable {
  private let descriptor: Int32
  private let path: String
  package private(set) var consumedBytes: Int64

  /// Opens a file.
  ///
  /// - Parameter offset: where reading starts, in bytes from the front.
  /// - Throws: ``RecoverError`` `unreachable` when the file can't be opened.
  package init(path: String, offset: Int64 = 0) throws {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw RecoverError.system(.unreachable, "can't open \(path)")
    }
    guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else {
      let error = RecoverError.system(.unreachable, "can't seek to byte \(offset) of \(path)")
      close(descriptor)
      throw error
    }
    posix_fadvise(descriptor, off_t(offset), 0, POSIX_FADV_SEQUENTIAL)
    self.descriptor = descriptor
    self.path = path
    consumedBytes = offset
  }

  deinit { close(descriptor) }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        consumedBytes += Int64(count)
        return count
      }
      guard errno == EINTR else {
        throw RecoverError.system(.unreachable, "can't read \(path) at byte \(consumedBytes)")
      }
    }
  }
}
