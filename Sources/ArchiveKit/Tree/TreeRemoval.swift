internal import CLinux
internal import Glibc
package import RecoverBase

/// Removes a tree: nothing outside of it is touched, whatever links are in it.
package enum TreeRemoval {
  /// Removes a directory and all that is in it.
  ///
  /// Idempotent: what is gone already is no error. Mount points are not entered, and make it fail.
  ///
  /// - Throws: ``RecoverError`` `stepFailed` with the first thing that can't be removed; `interrupted`.
  package static func remove(_ path: String, _ interruption: Interruption? = nil) throws {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw RecoverError.system(.stepFailed, "can't open \(path) to remove it")
    }
    let root = TreeDirectory(owning: descriptor)
    try empty(root, path, interruption)
    guard unsafe rmdir(path) == 0 || errno == ENOENT else {
      throw RecoverError.system(.stepFailed, "can't remove \(path)")
    }
  }

  /// Removes an open directory and all that is in it, and then its name, which may by then be somebody else's empty
  /// directory at most.
  static func remove(
    _ directory: borrowing TreeDirectory, named name: String, in parent: borrowing TreeDirectory, _ path: String
  ) throws {
    try empty(directory, path, nil)
    guard unsafe unlinkat(parent.descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
      throw RecoverError.system(.stepFailed, "can't remove \(path)")
    }
  }

  private static func empty(
    _ root: borrowing TreeDirectory, _ path: String, _ interruption: Interruption?
  ) throws {
    guard let device = FileStatus(root.descriptor)?.device else {
      throw RecoverError.system(.stepFailed, "can't look at \(path)")
    }
    try empty(root, device, path, interruption)
  }

  private static func empty(
    _ directory: borrowing TreeDirectory, _ device: UInt64, _ path: String, _ interruption: Interruption?
  ) throws {
    try interruption?.check()
    // Removing while reading may pass over names (POSIX, readdir): read again until nothing is left.
    while true {
      guard var stream = DirectoryStream(directory.descriptor) else {
        throw RecoverError.system(.stepFailed, "can't read \(path)")
      }
      var isEmpty = true
      while let name = try stream.next() {
        isEmpty = false
        try remove(name, in: directory, device, path, interruption)
      }
      if isEmpty { return }
    }
  }

  /// Removes a name with all that is behind it.
  static func remove(
    _ name: [UInt8], in directory: borrowing TreeDirectory, _ device: UInt64, _ path: String,
    _ interruption: Interruption? = nil
  ) throws {
    let place = "\(path)/\(TarName(name))"
    if unsafe unlinkat(directory.descriptor, FileName.c(name), 0) == 0 || errno == ENOENT { return }
    // EISDIR is Linux's answer for a directory, EPERM POSIX's.
    guard errno == EISDIR || errno == EPERM else { throw RecoverError.system(.stepFailed, "can't remove \(place)") }
    let descriptor = try open(name, in: directory, place)
    let child = TreeDirectory(owning: descriptor)
    guard FileStatus(child.descriptor)?.device == device else {
      throw RecoverError(.stepFailed, "can't remove \(place): another file system is mounted there")
    }
    try empty(child, device, place, interruption)
    guard unsafe unlinkat(directory.descriptor, FileName.c(name), AT_REMOVEDIR) == 0 || errno == ENOENT else {
      throw RecoverError.system(.stepFailed, "can't remove \(place)")
    }
  }

  /// Opens a directory of ours even where its mode forbids it to its owner.
  private static func open(_ name: [UInt8], in directory: borrowing TreeDirectory, _ place: String) throws -> Int32 {
    var descriptor = open(name, in: directory)
    if descriptor < 0, errno == EACCES {
      // Not a link: the open above would have said so.
      unsafe fchmodat(directory.descriptor, FileName.c(name), 0o700, 0)
      descriptor = open(name, in: directory)
    }
    if descriptor < 0, errno == EXDEV {
      throw RecoverError(.stepFailed, "can't remove \(place): something is mounted there", hint: "unmount it first")
    }
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(place) to remove it") }
    return descriptor
  }

  /// Not into what is mounted there, which may be of the same file system (a bind mount).
  private static func open(_ name: [UInt8], in directory: borrowing TreeDirectory) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    // RESOLVE_NO_XDEV and RESOLVE_BENEATH (linux/openat2.h).
    let descriptor = unsafe recover_openat2(directory.descriptor, FileName.c(name), flags, 0, 0x01 | 0x08)
    guard descriptor < 0, errno == ENOSYS || errno == EPERM else { return descriptor }
    return unsafe openat(directory.descriptor, FileName.c(name), flags)
  }
}
