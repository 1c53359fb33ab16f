internal import CLinux
internal import Glibc
internal import RecoverBase

/// A file or directory of a live tree, open for reading, and what it has beside its content.
struct LiveFile: ~Copyable {
  private let file: TreeDirectory
  let path: String

  var descriptor: Int32 { file.descriptor }

  /// - Throws: ``RecoverError`` `stepFailed`, `missingRequirement` without the right to.
  init(_ name: [UInt8], in directory: Int32, isDirectory: Bool, path: String) throws {
    let kind = isDirectory ? O_DIRECTORY : 0
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | kind
    var descriptor = unsafe openat(directory, FileName.c(name), flags | Self.leavesAccessTime)
    // Only the owner may leave it.
    if descriptor < 0, errno == EPERM { descriptor = unsafe openat(directory, FileName.c(name), flags) }
    guard descriptor >= 0 else {
      let isForbidden = errno == EACCES || errno == EPERM
      throw RecoverError.system(isForbidden ? .missingRequirement : .drifted, "can't read \(path)")
    }
    file = TreeDirectory(owning: descriptor)
    self.path = path
  }

  /// O_NOATIME, which Swift's Glibc lacks.
  private static var leavesAccessTime: Int32 { 0o1000000 }

  func status() throws -> FileStatus {
    guard let status = FileStatus(file.descriptor) else {
      throw RecoverError.system(.stepFailed, "can't look at \(path)")
    }
    return status
  }

  /// Everything but labels of the system, which come by themselves.
  func metadata(_ status: FileStatus) -> TreeMetadata {
    var metadata = Self.metadata(status)
    for name in FileAttributes.names(descriptor).sorted() {
      guard let value = FileAttributes.value(of: name, descriptor) else { continue }
      switch name {
      case "system.posix_acl_access": metadata.accessList = value
      case "system.posix_acl_default": metadata.defaultList = value
      case "security.selinux": continue
      default: if !name.hasPrefix("system.") { metadata.attributes.append(.init(name: name, value: value)) }
      }
    }
    return metadata
  }

  /// What a link or a device has.
  static func metadata(_ status: FileStatus) -> TreeMetadata {
    TreeMetadata(
      mode: status.mode, user: status.user, group: status.group, modified: status.modified, attributes: [])
  }
}

extension TreeMetadata {
  /// Gives all of it to an open file or directory; what can't be given is an error.
  ///
  /// The owner first, since a change takes privileges away; times last.
  func apply(to file: Int32, _ path: String) throws {
    func require(_ isDone: Bool, _ what: String) throws {
      guard !isDone else { return }
      let isForbidden = errno == EPERM || errno == EACCES
      throw RecoverError.system(
        isForbidden ? .missingRequirement : .stepFailed, "can't \(what) the copy of \(path)")
    }
    guard let status = FileStatus(file) else { throw RecoverError.system(.stepFailed, "can't look at \(path)") }
    if status.user != user || status.group != group {
      try require(fchown(file, user, group) == 0, "set the owner of")
    }
    // What a directory gives to everything that is made in it is not what the file had.
    unsafe recover_remove_attribute(file, "system.posix_acl_access")
    if status.isDirectory { unsafe recover_remove_attribute(file, "system.posix_acl_default") }
    for attribute in attributes {
      try require(
        unsafe recover_set_attribute(file, attribute.name, attribute.value, attribute.value.count) == 0,
        "set the attribute \(attribute.name) of")
    }
    try require(fchmod(file, mode_t(mode)) == 0, "set the mode of")
    for (name, list) in [("system.posix_acl_access", accessList), ("system.posix_acl_default", defaultList)] {
      guard let list else { continue }
      try require(
        unsafe recover_set_attribute(file, name, list, list.count) == 0, "set an access control list of")
    }
    try require(
      recover_set_times(file, nil, 0, 0, 0, 0, modified.seconds, Int(modified.nanoseconds)) == 0, "set the times of")
  }
}
