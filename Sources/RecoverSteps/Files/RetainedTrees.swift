internal import ArchiveKit
package import RecoverBase

/// What recover keeps in a directory beside the trees that it exchanged there.
package struct RetainedTrees: Sendable {
  package let home: String

  package init(home: String) { self.home = FilesPlace.resolved(home) }

  /// One run's directory.
  package struct Entry: Sendable, Hashable {
    package var path: String
    package var note: TreeNote
    package var home: String

    /// Whether it may be removed: its retention has ended.
    package func isExpired(at time: WallTime) -> Bool { note.retainUntil.map { $0 <= time } ?? false }
  }

  /// All of them, by name; none where the directory can't be read.
  package func list() -> [Entry] { TreeKeep.all(in: home).map { Entry(path: $0.path, note: $0.note, home: home) } }

  /// Removes one, if its note is still the same and no run holds the directory; blocking.
  ///
  /// - Throws: ``RecoverError`` `claimed` when one does.
  package static func remove(_ entry: Entry, _ interruption: Interruption) throws {
    let lock = try TreeLock.take(entry.home, run: "cleanup", host: "this host")
    defer { lock.unlock() }
    guard let keep = try StagingDirectory.existing(entry.path) else { return }
    guard TreeKeep.readNote(entry.path) == entry.note else {
      throw RecoverError(.drifted, "\(entry.path) was changed since it was listed", hint: "list again")
    }
    try keep.remove()
  }
}
