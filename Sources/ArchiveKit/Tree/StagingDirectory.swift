internal import CLinux
internal import Glibc
internal import RecoverBase

/// A fresh directory beside a target, on its file system, that nobody else may enter: what is built there gets the target's
/// name at once or is removed.
///
/// Both directories are held open and are never named by a path again, so that whoever may rename things around them
/// can't put another one in their place. A lock that dies with the process tells one that is being filled from one that
/// a dead process left.
struct StagingDirectory: ~Copyable {
  let path: String
  private let parent: TreeDirectory
  private let name: String
  private let own: TreeDirectory
  private let identity: FileStatus

  /// Makes one.
  ///
  /// - Parameter target: an absolute path without a slash at its end.
  /// - Throws: ``RecoverError`` `missingRequirement` without the right to, `unreachable` where the target has no parent.
  init(beside target: String) throws {
    let parent = try Self.openParent(of: target)
    let name = Self.prefix(target) + String(UInt64.random(in: 0..<1 << 60), radix: 36)
    let path = Self.path(name, beside: target)
    guard unsafe mkdirat(parent.descriptor, name, 0o700) == 0 else {
      let isForbidden = errno == EACCES || errno == EPERM || errno == EROFS
      throw RecoverError.system(isForbidden ? .missingRequirement : .unreachable, "can't make the directory \(path)")
    }
    let descriptor = unsafe openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(path)") }
    let own = TreeDirectory(owning: descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fchmod(descriptor, 0o700) == 0,
      let identity = FileStatus(descriptor), identity.user == geteuid()
    else { throw RecoverError.system(.stepFailed, "can't lock \(path)") }
    // What the parent gives to everything that is made in it is not the archive's.
    for list in ["system.posix_acl_default", "system.posix_acl_access"] {
      unsafe recover_remove_attribute(descriptor, list)
    }
    self.path = path
    self.parent = parent
    self.name = name
    self.own = own
    self.identity = identity
  }

  /// The directory as the root of a tree.
  func root() throws -> TreeRoot { try TreeRoot(own.descriptor, path: path) }

  /// Removes what is in it, and the directory.
  func remove() throws { try TreeRemoval.remove(own, named: name, in: parent, path) }

  /// Whether an attribute can be set here; asked of the directory itself.
  func takes(_ attribute: String, _ value: [UInt8]) -> Bool {
    guard unsafe recover_set_attribute(own.descriptor, attribute, value, value.count) == 0 else { return false }
    unsafe recover_remove_attribute(own.descriptor, attribute)
    return true
  }

  /// How much there is room for.
  func room() throws -> (bytes: Int64, inodes: Int64) {
    var (bytes, inodes) = (Int64(0), Int64(0))
    guard unsafe recover_room(own.descriptor, &bytes, &inodes) == 0 else {
      throw RecoverError.system(.unreachable, "can't ask for the room in \(path)")
    }
    return (bytes, inodes)
  }

  /// Writes everything on its file system to the disk (syncfs(2)).
  func sync() throws {
    guard recover_syncfs(own.descriptor) == 0 else {
      throw RecoverError.system(.stepFailed, "can't write \(path) to the disk")
    }
  }

  /// Gives it the target's name, which nobody may have, and writes that to the disk.
  ///
  /// - Throws: ``RecoverError`` `drifted` when something has that name by now.
  func rename(to target: String) throws {
    let targetName = Self.name(target)
    var code = unsafe recover_renameat2(parent.descriptor, name, parent.descriptor, targetName, Self.noReplace)
    // Some file systems know no flags; an empty directory is all that the plain call would replace.
    if code != 0, errno == EINVAL {
      code = unsafe renameat(parent.descriptor, name, parent.descriptor, targetName)
    }
    guard code == 0 else {
      if errno == EEXIST || errno == ENOTEMPTY {
        throw RecoverError(.drifted, "\(target) is there by now: somebody else made it")
      }
      throw RecoverError.system(.stepFailed, "can't give \(path) the name \(target)")
    }
    guard FileStatus(parent.descriptor, Array(targetName.utf8))?.inode == identity.inode else {
      throw RecoverError(
        .drifted, "somebody put something else in the place of \(path) before it got the name \(target)",
        hint: "see who may write to the directory that it is in")
    }
    guard fsync(parent.descriptor) == 0 else {
      throw RecoverError.system(.stepFailed, "can't write the directory of \(target) to the disk")
    }
  }

  /// RENAME_NOREPLACE (linux/fs.h).
  private static var noReplace: UInt32 { 1 }
}

// MARK: Names

extension StagingDirectory {
  /// `.data.recover-` beside `data`.
  private static func prefix(_ target: String) -> String { ".\(name(target)).recover-" }

  private static func parentPath(_ target: String) -> String {
    guard let slash = target.lastIndex(of: "/") else { return "." }
    return slash == target.startIndex ? "/" : String(target[..<slash])
  }

  private static func name(_ target: String) -> String {
    target.lastIndex(of: "/").map { String(target[target.index(after: $0)...]) } ?? target
  }

  private static func path(_ name: String, beside target: String) -> String {
    let parent = parentPath(target)
    return parent == "/" ? "/\(name)" : "\(parent)/\(name)"
  }

  private static func openParent(of target: String) throws -> TreeDirectory {
    let path = parentPath(target)
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't open the directory \(path)") }
    return TreeDirectory(owning: descriptor)
  }
}

// MARK: What dead processes left

extension StagingDirectory {
  /// Removes what processes that died left beside a target.
  ///
  /// - Returns: the paths that were removed.
  static func removeAbandoned(beside target: String) throws -> [String] {
    let parent = try openParent(of: target)
    guard var stream = DirectoryStream(parent.descriptor) else { return [] }
    var found: [String] = []
    while let name = try stream.next() {
      if let text = String(validating: name, as: UTF8.self), text.hasPrefix(prefix(target)) { found.append(text) }
    }
    return try found.sorted().map { ($0, path($0, beside: target)) }
      .filter { try removeIfAbandoned($0.0, in: parent, $0.1) }.map(\.1)
  }

  private static func removeIfAbandoned(
    _ name: String, in parent: borrowing TreeDirectory, _ path: String
  ) throws -> Bool {
    let descriptor = unsafe openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    let own = TreeDirectory(owning: descriptor)
    guard FileStatus(descriptor)?.user == geteuid(), flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
    try TreeRemoval.remove(own, named: name, in: parent, path)
    return true
  }
}
