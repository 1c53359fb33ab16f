internal import CLinux
internal import Glibc
package import RecoverBase

/// A lock file of git's, which it makes before it changes the index or HEAD, and renames or removes when it is done.
///
/// A git that was killed leaves it behind, and every other git then refuses to work there.
package struct GitLock: Sendable, Hashable {
  package let path: String
  /// The top directory of the work tree, and the directory of its objects and refs.
  let places: [String]

  /// The locks of a work tree's index and HEAD that are there.
  package static func all(
    of repository: GitRepository, _ interruption: Interruption? = nil
  ) throws -> [GitLock] {
    let places = [try repository.workTree(interruption), try repository.commonDirectory(interruption)]
    return try ["index.lock", "HEAD.lock"].compactMap { name in
      let path = try repository.privatePath(name, interruption)
      return unsafe access(path, F_OK) == 0 ? GitLock(path: path, places: places) : nil
    }
  }

  /// Removes the lock where nobody can need it any more.
  ///
  /// That is: it was made since a time from which on nobody but a run of ours, which holds the repository, had reason to
  /// work there; this user made it; no process on this host has it open; and no git runs in the work tree or its
  /// repository, nor one whose directory can't be seen. A git inside of a container that shares the files is not seen.
  ///
  /// - Parameter seconds: since 1970-01-01 UTC.
  /// - Returns: whether it is gone.
  /// - Throws: ``RecoverError`` `missingRequirement` where /proc is not there.
  package func removeIfAbandoned(since seconds: Int64) throws -> Bool {
    guard let before = Self.status(path) else { return true }
    guard before.modified_seconds >= seconds, before.user == geteuid(), try !isNeeded() else { return false }
    // Another git may have come meanwhile, and have made its own.
    guard let after = Self.status(path) else { return true }
    guard (after.device, after.inode) == (before.device, before.inode) else { return false }
    return unsafe unlink(path) == 0 || errno == ENOENT
  }

  private func isNeeded() throws -> Bool {
    for pid in try ProcFile.pids() where pid != getpid() {
      guard let stat = ProcessStat.read(pid), !stat.isGone else { continue }
      if Self.hasOpen(pid, path) { return true }
      guard stat.name == "git" || stat.name.hasPrefix("git-") else { continue }
      guard let directory = Self.link("/proc/\(pid)/cwd") else {
        if ProcessStat.read(pid) == nil { continue }
        return true
      }
      if places.contains(where: { directory == $0 || directory.hasPrefix("\($0)/") }) { return true }
    }
    return false
  }

  private static func hasOpen(_ pid: Int32, _ path: String) -> Bool {
    guard let handle = unsafe opendir("/proc/\(pid)/fd") else { return false }
    defer { unsafe closedir(handle) }
    while let entry = unsafe readdir(handle) {
      guard let text = unsafe recover_entry_name(entry) else { continue }
      if link("/proc/\(pid)/fd/\(unsafe String(cString: text))") == path { return true }
    }
    return false
  }

  private static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(path, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func status(_ path: String) -> recover_status? {
    var status = recover_status()
    guard unsafe recover_status_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &status) == 0 else { return nil }
    return status
  }
}
