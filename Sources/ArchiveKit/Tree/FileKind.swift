internal import Glibc
internal import RecoverBase

/// The kinds of files, by the bits that stat(2) gives them (`S_IFMT`, inode(7)).
package enum FileKind: UInt32, Sendable {
  case fifo = 0o010000
  case characterDevice = 0o020000
  case directory = 0o040000
  case blockDevice = 0o060000
  case file = 0o100000
  case symbolicLink = 0o120000
  case socket = 0o140000

  static let mask: UInt32 = 0o170000

  /// What a name stands for; a link is not followed.
  ///
  /// - Returns: nil where nothing has the name.
  /// - Throws: ``RecoverError`` `unreachable`.
  package static func at(_ path: String) throws -> FileKind? {
    if let status = FileStatus(AT_FDCWD, Array(path.utf8)) { return status.kind }
    guard errno == ENOENT || errno == ENOTDIR else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    return nil
  }

  /// For people.
  package var text: String {
    switch self {
    case .fifo: "fifo"
    case .characterDevice, .blockDevice: "device"
    case .directory: "directory"
    case .file: "file"
    case .symbolicLink: "link"
    case .socket: "socket"
    }
  }
}
