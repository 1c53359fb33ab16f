internal import FoundationEssentials
internal import Glibc
internal import RecoverRepository

/// What writers of backups that died left behind, in the directory of one database.
package struct Leftovers: Sendable {
  private let directory: String

  package init(directory: String) { self.directory = directory }

  /// A directory that was never finished.
  package struct Entry: Sendable, Hashable {
    package var path: String
    /// Whether its writer lives.
    package var isWritten: Bool

    /// - Returns: whether it is gone.
    package func remove() -> Bool { (try? FileManager.default.removeItem(atPath: path)) != nil }
  }

  /// By name.
  package func entries() -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasPrefix(BackupID.partialPrefix) }.sorted().compactMap { name in
      let path = "\(directory)/\(name)"
      let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      // The lock goes with the process that held it.
      return Entry(path: path, isWritten: flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    }
  }

  /// Removes those whose writer is dead.
  ///
  /// - Returns: their paths.
  @discardableResult
  package func sweep() -> [String] { entries().filter { !$0.isWritten && $0.remove() }.map(\.path) }
}
