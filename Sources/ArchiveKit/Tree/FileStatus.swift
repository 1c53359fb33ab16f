internal import CLinux
internal import Glibc

/// What a file is, by fstatat(2).
struct FileStatus: Hashable {
  let device: UInt64
  let inode: UInt64
  let links: UInt64
  /// In units of 512 bytes.
  let blocks: UInt64
  let size: Int64
  let modified: TarTime
  /// When anything of it was changed last, by the kernel's clock.
  let changed: TarTime
  /// Nil for a kind that Linux does not have.
  let kind: FileKind?
  /// The twelve bits of chmod(2).
  let mode: UInt16
  let user: UInt32
  let group: UInt32
  let deviceNumber: TarMember.Device

  /// - Returns: nil with `errno` when there is nothing to be looked at. Links are not followed.
  init?(_ directory: Int32, _ name: [UInt8]) {
    var status = recover_status()
    guard unsafe recover_status_at(directory, FileName.c(name), AT_SYMLINK_NOFOLLOW, &status) == 0 else { return nil }
    self.init(status)
  }

  /// - Returns: nil with `errno`. A link at the end is followed.
  init?(path: String) {
    var status = recover_status()
    guard unsafe recover_status_at(AT_FDCWD, path, 0, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Looks at a name in a directory; links are not followed.
  init?(_ directory: Int32, cName: [CChar]) {
    var status = recover_status()
    guard unsafe recover_status_at(directory, cName, AT_SYMLINK_NOFOLLOW, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Looks at what a descriptor stands for, also one that was opened with `O_PATH`.
  init?(_ descriptor: Int32) {
    var status = recover_status()
    guard unsafe recover_status_at(descriptor, [0], recover_empty_path, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: recover_status) {
    device = status.device
    inode = status.inode
    links = status.links
    blocks = status.blocks
    size = status.size
    modified = TarTime(seconds: status.modified_seconds, nanoseconds: Int32(status.modified_nanoseconds))
    changed = TarTime(seconds: status.changed_seconds, nanoseconds: Int32(status.changed_nanoseconds))
    kind = FileKind(rawValue: status.mode & FileKind.mask)
    mode = UInt16(status.mode & 0o7777)
    user = status.user
    group = status.group
    deviceNumber = TarMember.Device(major: status.major, minor: status.minor)
  }

  var isDirectory: Bool { kind == .directory }
  var isFile: Bool { kind == .file }
  var isSymbolicLink: Bool { kind == .symbolicLink }
}

/// Names for system calls.
enum FileName {
  /// The name as a C string.
  static func c(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }
}
