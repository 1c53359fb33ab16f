internal import CLinux
internal import Glibc
internal import RecoverBase

/// A fresh directory beside a target, on its file system, that nobody else may enter: what is built there gets the target's
/// name at once or is removed.
///
/// Both directories are held open and are never named by a path again, so that whoever may rename things around them
/// can't put another one in their place. A lock that dies with the process tells one that is being filled from one that
/// a dead process left.
package struct StagingDirectory: ~Copyable {
  package let path: String
  private let parent: TreeDirectory
  private let name: String
  private let own: TreeDirectory
  private let identity: FileStatus

  /// Makes one.
  ///
  /// - Parameter target: an absolute path without a slash at its end.
  /// - Throws: ``RecoverError`` `missingRequirement` without the right to, `unreachable` where the target has no parent.
  package init(beside target: String) throws {
    let name = Self.prefix(target) + String(UInt64.random(in: 0..<1 << 60), radix: 36)
    let parent = try Self.openParent(of: target)
    try self.init(Self.make(name, in: parent, Self.path(name, beside: target)), name, parent)
  }

  /// Makes one of a name.
  ///
  /// - Throws: ``RecoverError`` `unreachable` where something has the name.
  package init(at path: String) throws {
    let name = Self.name(path)
    let parent = try Self.openParent(of: path)
    try self.init(Self.make(name, in: parent, path), name, parent)
  }

  /// Makes one inside of another.
  package init(_ name: String, in other: borrowing StagingDirectory) throws {
    let parent = try other.root().asDirectory()
    try self.init(Self.make(name, in: parent, "\(other.path)/\(name)"), name, parent)
  }

  /// - Returns: its path.
  private static func make(_ name: String, in parent: borrowing TreeDirectory, _ path: String) throws -> String {
    guard unsafe mkdirat(parent.descriptor, name, 0o700) == 0 else {
      let isForbidden = errno == EACCES || errno == EPERM || errno == EROFS
      throw RecoverError.system(isForbidden ? .missingRequirement : .unreachable, "can't make the directory \(path)")
    }
    let descriptor = unsafe openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(path)") }
    let own = TreeDirectory(owning: descriptor)
    guard fchmod(own.descriptor, 0o700) == 0 else { throw RecoverError.system(.stepFailed, "can't lock \(path)") }
    // What the parent gives to everything that is made in it is not the archive's.
    for list in ["system.posix_acl_default", "system.posix_acl_access"] {
      unsafe recover_remove_attribute(own.descriptor, list)
    }
    return path
  }

  /// Opens one that was made before, and locks it.
  ///
  /// - Returns: nil where nothing has the name.
  /// - Throws: ``RecoverError`` `drifted` where it is no directory of ours that nobody else may enter; `claimed` while
  ///   another process works in it.
  package static func existing(_ path: String) throws -> StagingDirectory? {
    let parent = try openParent(of: path)
    let name = name(path)
    guard let status = FileStatus(parent.descriptor, Array(name.utf8)) else {
      guard errno == ENOENT else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
      return nil
    }
    guard status.isDirectory, status.user == geteuid(), status.mode & 0o077 == 0 else {
      throw RecoverError(
        .drifted, "\(path) is no directory of recover's own", hint: "see who made it, and move it away")
    }
    return try StagingDirectory(path, name, parent)
  }

  /// Opens and locks one.
  private init(_ path: String, _ name: String, _ parent: consuming TreeDirectory) throws {
    let descriptor = unsafe openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(path)") }
    let own = TreeDirectory(owning: descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno != EWOULDBLOCK else { throw RecoverError(.claimed, "another process works in \(path)") }
      throw RecoverError.system(.stepFailed, "can't lock \(path)")
    }
    guard let identity = FileStatus(descriptor), identity.user == geteuid() else {
      throw RecoverError(.drifted, "\(path) belongs to somebody else by now")
    }
    self.path = path
    self.parent = parent
    self.name = name
    self.own = own
    self.identity = identity
  }

  /// The directory as the root of a tree.
  package func root() throws -> TreeRoot { try TreeRoot(own.descriptor, path: path) }

  /// Removes what is in it, and the directory; blocking.
  package func remove() throws { try TreeRemoval.remove(own, named: name, in: parent, path) }

  /// Whether an attribute can be set here; asked of the directory itself.
  package func takes(_ attribute: String, _ value: [UInt8]) -> Bool {
    guard unsafe recover_set_attribute(own.descriptor, attribute, value, value.count) == 0 else { return false }
    unsafe recover_remove_attribute(own.descriptor, attribute)
    return true
  }

  /// Takes over the mode of another directory, and its owner.
  package func become(like path: String, owner: Bool) throws {
    guard let status = FileStatus(AT_FDCWD, Array(path.utf8)), status.isDirectory else { return }
    if owner, fchown(own.descriptor, status.user, status.group) != 0, geteuid() == 0 {
      throw RecoverError.system(.stepFailed, "can't set the owner of \(self.path)")
    }
    guard fchmod(own.descriptor, mode_t(status.mode)) == 0 else {
      throw RecoverError.system(.stepFailed, "can't set the mode of \(self.path)")
    }
  }

  /// How much there is room for.
  package func room() throws -> (bytes: Int64, inodes: Int64) {
    var (bytes, inodes) = (Int64(0), Int64(0))
    guard unsafe recover_room(own.descriptor, &bytes, &inodes) == 0 else {
      throw RecoverError.system(.unreachable, "can't ask for the room in \(path)")
    }
    return (bytes, inodes)
  }

  /// Writes everything on its file system to the disk (syncfs(2)).
  package func sync() throws {
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

// MARK: Files of our own

extension StagingDirectory {
  /// Makes a file, in the place of one that has the name.
  func newFile(named name: String) throws -> UnnamedFile {
    let flags = O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
    let descriptor = unsafe openat(own.descriptor, name, flags, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't write \(path)/\(name)") }
    return UnnamedFile(owning: descriptor)
  }

  /// - Returns: a descriptor, which is the caller's.
  func openFile(named name: String) throws -> Int32 {
    let descriptor = unsafe openat(own.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(path)/\(name)") }
    return descriptor
  }

  /// Writes a small file so that it is there whole or not at all, and on the disk.
  package func write(_ bytes: [UInt8], to name: String) throws {
    var file = try newFile(named: name + ".new")
    try file.append(bytes)
    try file.flush()
    guard fsync(file.descriptor) == 0, unsafe renameat(own.descriptor, name + ".new", own.descriptor, name) == 0,
      fsync(own.descriptor) == 0
    else { throw RecoverError.system(.stepFailed, "can't write \(path)/\(name)") }
  }

  /// Removes a file; one that is not there is no error.
  package func removeFile(_ name: String) throws {
    guard unsafe unlinkat(own.descriptor, name, 0) == 0 || errno == ENOENT else {
      throw RecoverError.system(.stepFailed, "can't remove \(path)/\(name)")
    }
  }

  /// Removes a directory in it with all that is there; one that is not there is no error.
  package func removeDirectory(_ name: String) throws {
    let descriptor = unsafe openat(own.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw RecoverError.system(.stepFailed, "can't open \(path)/\(name) to remove it")
    }
    try TreeRemoval.remove(TreeDirectory(owning: descriptor), named: name, in: own, "\(path)/\(name)")
  }

  /// Opens a directory in it as the root of a tree, whatever its mode is.
  package func root(of name: String) throws -> TreeRoot {
    let descriptor = unsafe openat(own.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(path)/\(name)") }
    let directory = TreeDirectory(owning: descriptor)
    return try TreeRoot(directory.descriptor, path: "\(path)/\(name)")
  }
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
  package static func removeAbandoned(beside target: String) throws -> [String] {
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
