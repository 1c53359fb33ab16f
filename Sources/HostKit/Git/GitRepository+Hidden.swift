internal import CLinux
internal import Glibc
package import RecoverBase

/// A few paths, and how many there are.
package struct GitPaths: Sendable, Hashable {
  package static let limit = 5

  package var first: [String] = []
  package var count = 0

  package init() {}

  mutating func note(_ path: String) {
    count += 1
    if first.count < Self.limit { first.append(path) }
  }

  mutating func merge(_ other: GitPaths) {
    count += other.count
    first = Array((first + other.first).prefix(Self.limit))
  }

  /// The paths for a message.
  package var text: String {
    first.joined(separator: ", ") + (count > first.count ? " and \(count - first.count) more" : "")
  }
}

extension GitRepository {
  /// Tracked files that differ from the index and that `git status` doesn't show, because somebody told git not to look
  /// (`git update-index --assume-unchanged`, `--skip-worktree`): no stash keeps them, and a checkout may overwrite them.
  ///
  /// Files that are not there, as in a sparse checkout, don't count.
  package func hiddenEdits(_ interruption: Interruption? = nil) throws -> GitPaths {
    var found = GitPaths()
    var batch: [(path: String, id: String)] = []
    func flush() throws {
      let ids = try objectIDs(of: batch.map(\.path), interruption)
      for (entry, id) in zip(batch, ids) where entry.id != id { found.note(entry.path) }
      batch = []
    }
    try forEachRecord(["ls-files", "-v", "-s", "-z"], interruption) { record in
      // `h 100644 ID STAGE<tab>PATH`: a small letter for files that are assumed unchanged, S for those to be skipped.
      guard let tag = record.first, tag == UInt8(ascii: "S") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(tag)
      else { return }
      let text = String(decoding: record, as: UTF8.self)
      guard let tab = text.firstIndex(of: "\t") else { return }
      let (fields, path) = (text[..<tab].split(separator: " "), String(text[text.index(after: tab)...]))
      guard fields.count >= 3, let status = entry(path) else { return }
      let (mode, id) = (String(fields[1]), String(fields[2]))
      let isExecutable = status.mode & UInt32(S_IXUSR) != 0
      switch (mode, status.mode & UInt32(S_IFMT)) {
      case ("100644", UInt32(S_IFREG)) where !isExecutable, ("100755", UInt32(S_IFREG)) where isExecutable:
        batch.append((path, id))
        if batch.count == 500 { try flush() }
      case ("120000", UInt32(S_IFLNK)):
        if try linkID(of: path, interruption) != id { found.note(path) }
      // A submodule is no file.
      case ("160000", _): break
      default: found.note(path)
      }
    }
    try flush()
    return found
  }

  /// What is in this work tree that neither its commit has nor was there when a file was last written, and all of
  /// ``hiddenEdits(_:)``: no files that `.gitignore` names, which git itself removes with a work tree.
  ///
  /// - Parameter mark: the path of that file.
  package func additions(since mark: String, _ interruption: Interruption? = nil) throws -> GitPaths {
    var time = recover_status()
    guard unsafe recover_status_at(AT_FDCWD, mark, AT_SYMLINK_NOFOLLOW, &time) == 0 else {
      throw RecoverError.system(.unreachable, "can't look at \(mark)")
    }
    var found = GitPaths()
    let words = [
      "status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames",
    ]
    try forEachRecord(words, interruption) { record in
      guard let path = GitStatusParser.path(of: record), let status = entry(path) else { return }
      let isLater =
        (status.changed_seconds, status.changed_nanoseconds) > (time.modified_seconds, time.modified_nanoseconds)
      if isLater { found.note(path) }
    }
    // Nothing says when git was told not to look at them.
    found.merge(try hiddenEdits(interruption))
    return found
  }

  /// What lstat(2) says of a path of the work tree; nil where nothing is.
  func entry(_ path: String) -> recover_status? {
    var status = recover_status()
    guard unsafe recover_status_at(AT_FDCWD, "\(directory)/\(path)", AT_SYMLINK_NOFOLLOW, &status) == 0 else {
      return nil
    }
    return status
  }
}
