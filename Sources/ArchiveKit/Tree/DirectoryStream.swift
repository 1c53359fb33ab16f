internal import CLinux
internal import Glibc
internal import RecoverBase

/// The names in a directory (readdir(3)), in the order of the file system.
@safe struct DirectoryStream: ~Copyable {
  private let stream: OpaquePointer

  /// Opens the directory that a descriptor stands for, which stays open.
  ///
  /// - Returns: nil with `errno`.
  init?(_ directory: Int32) {
    let own = unsafe openat(directory, FileName.c([UInt8(ascii: ".")]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0 else { return nil }
    guard let stream = unsafe fdopendir(own) else {
      close(own)
      return nil
    }
    unsafe self.stream = unsafe stream
  }

  deinit { unsafe closedir(stream) }

  /// The next name, `.` and `..` left out; nil at the end.
  mutating func next() throws -> [UInt8]? {
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw RecoverError.system(.unreachable, "can't read a directory") }
        return nil
      }
      let name = unsafe Array(
        UnsafeBufferPointer(start: recover_entry_name(entry), count: strlen(recover_entry_name(entry)))
      )
      .map { UInt8(bitPattern: $0) }
      if name != [UInt8(ascii: ".")], name != [UInt8(ascii: "."), UInt8(ascii: ".")] { return name }
    }
  }
}
