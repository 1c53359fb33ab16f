internal import FoundationEssentials
internal import Glibc
internal import RecoverBase
internal import RecoverRepository

/// The directory of a backup that is being written, under a name that no reader takes for a backup.
///
/// A lock on it tells whether its writer lives: the kernel takes the lock back when the process ends, in whatever way.
final class PartialBackup: Sendable {
  let path: String
  private let finished: String
  private let parent: String
  private let descriptor: Int32

  /// Makes the directory, mode 0700, and what is above it.
  ///
  /// - Throws: ``RecoverError`` `noSpace` when it can't be made.
  init(_ id: BackupID, in parent: String) throws {
    try Self.make(parent)
    self.parent = parent
    path = "\(parent)/\(BackupID.partialPrefix)\(id)"
    finished = "\(parent)/\(id)"
    guard unsafe mkdir(path, 0o700) == 0 else { throw RecoverError.system(.noSpace, "can't make \(path)") }
    descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0, unsafe access(path, F_OK) == 0 else {
      throw RecoverError.system(.noSpace, "can't lock \(path)")
    }
  }

  deinit { close(descriptor) }

  private static func make(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw RecoverError(
        .noSpace, "can't make \(path)", hint: "name a repository that can be written to: --repository DIR",
        underlying: error)
    }
  }

  /// Gives the backup its name, once everything in it is on disk.
  ///
  /// - Returns: the directory's path.
  func publish() throws -> String {
    guard fsync(descriptor) == 0, unsafe rename(path, finished) == 0 else {
      throw RecoverError.system(.noSpace, "can't finish \(finished)")
    }
    try FileSync.directory(parent)
    return finished
  }

  /// Removes what was written.
  func discard() { try? FileManager.default.removeItem(atPath: path) }
}

/// Brings files to the disk.
enum FileSync {
  static func directory(_ path: String) throws { try sync(path, O_RDONLY | O_DIRECTORY) }

  static func file(_ path: String) throws { try sync(path, O_RDONLY) }

  private static func sync(_ path: String, _ flags: Int32) throws {
    let descriptor = unsafe open(path, flags | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't open \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw RecoverError.system(.noSpace, "can't write \(path) to its disk") }
  }
}
