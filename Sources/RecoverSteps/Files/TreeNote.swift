internal import ArchiveKit
internal import Glibc
package import RecoverBase
internal import RecoverCore

/// The note in a run's own directory beside the trees that it exchanges: whose it is, what is in it, and until when it
/// is kept.
package struct TreeNote: Sendable, Hashable, Codable {
  package enum Role: String, Sendable, Hashable, Codable {
    /// What the run is building, and after the exchange what was live before: needed until the run ends.
    case open
    /// What was live before a run that has ended.
    case previous
    /// What a run brought and took back.
    case failed
  }

  package var run: String
  package var host: String
  /// The hash of the run's plan.
  package var plan: Digest
  package var role: Role
  /// The directory that was restored.
  package var target: String
  /// Nil while the run is open.
  package var retainUntil: WallTime?
  /// What brings it back, or removes it.
  package var undo: String
  /// All of this in a sentence, for whoever finds the directory.
  package var about: String?
}

/// The names in such a directory, which is `.recover-RUN` in the directory whose names are exchanged.
package enum TreeKeep {
  package static let prefix = ".recover-"
  /// The note.
  static let note = "note.json"
  /// What git reads: a kept tree is no change of a release, and no obstacle to `recover rollback`.
  static let ignore = ".gitignore"
  /// The directory with the trees that enter, and after the exchange with those that left.
  static let trees = "tree"
  /// What the extraction made, for the proof.
  static let record = "extracted"
  /// The same with what stays of the live files.
  static let merged = "merged"
  /// All that stays was copied; holds the evidence.
  static let overlaid = "overlaid.json"
  /// What is in the tree directory is whole and on the disk; holds the evidence.
  static let staged = "staged.json"

  /// Whether a name is one that recover gives beside what it exchanges: a run's own directory, or the lock.
  ///
  /// Anything else that begins alike is somebody's.
  package static func isOurs(_ name: some Collection<UInt8>) -> Bool {
    if name.elementsEqual(TreeLock.name.utf8) { return true }
    guard name.starts(with: prefix.utf8) else { return false }
    let rest = String(decoding: name.dropFirst(prefix.utf8.count), as: UTF8.self)
    return RunID(rest)?.text == rest
  }

  package static func path(of run: String, in home: String) -> String {
    home == "/" ? "/\(prefix)\(run)" : "\(home)/\(prefix)\(run)"
  }

  /// The directory of a run, opened and locked.
  ///
  /// - Returns: nil where there is none.
  /// - Throws: ``RecoverError`` `drifted` where the name is somebody else's, `claimed` while another process works in it.
  static func open(_ run: String, in home: String) throws -> StagingDirectory? {
    try StagingDirectory.existing(path(of: run, in: home))
  }

  /// The note in a run's directory; nil where there is none that can be read.
  package static func readNote(_ directory: String) -> TreeNote? {
    guard let bytes = try? RunDirectory.read("\(directory)/\(note)") else { return nil }
    return try? JSONValue.decode(TreeNote.self, from: bytes)
  }

  /// The directories of runs in a directory, with their notes, by name; none where it can't be read.
  package static func all(in home: String) -> [(path: String, note: TreeNote)] {
    var found: [(path: String, note: TreeNote)] = []
    try? DirectoryNames.forEach(in: home) { name in
      guard let text = name.text, text.hasPrefix(prefix) else { return }
      let path = home == "/" ? "/\(text)" : "\(home)/\(text)"
      guard let note = readNote(path), "\(prefix)\(note.run)" == text else { return }
      found.append((path, note))
    }
    return found.sorted { $0.path < $1.path }
  }
}

extension StagingDirectory {
  /// Writes the note, and what keeps the directory out of a git work tree that it stands in (gitignore(5)).
  func write(_ note: TreeNote) throws {
    try write(Array("*\n".utf8), to: TreeKeep.ignore)
    try write(try JSONValue.canonicalBytes(of: note), to: TreeKeep.note)
  }
}
