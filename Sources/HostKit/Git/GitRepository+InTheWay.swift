internal import CLinux
internal import Glibc
package import RecoverBase

/// What a checkout with force would overwrite, and that git knows nothing of.
extension GitRepository {
  /// The untracked files, links and directories that stand where a commit has something and the index has not.
  ///
  /// None that are what the commit has there, byte for byte, and no directories without files: nothing is lost with them.
  ///
  /// - Returns: paths, each once; those that `.gitignore` names as well.
  package func untrackedInTheWay(of commit: String, _ interruption: Interruption? = nil) throws -> [String] {
    var found: [String] = []
    var seen: Set<String> = []
    var batch: [(path: String, id: String)] = []
    func note(_ path: String) { if seen.insert(path).inserted { found.append(path) } }
    func flush() throws {
      let ids = try objectIDs(of: batch.map(\.path), interruption)
      for (entry, id) in zip(batch, ids) where entry.id != id { note(entry.path) }
      batch = []
    }
    try forEachPathMissingInIndex(of: commit, interruption) { path, mode, id in
      guard mode != "160000", let there = obstacle(to: path) else { return }
      switch there.mode & UInt32(S_IFMT) {
      case UInt32(S_IFREG) where there.path == path && mode != "120000":
        batch.append((path, id))
        if batch.count == 500 { try flush() }
      case UInt32(S_IFLNK) where there.path == path && mode == "120000":
        if try linkID(of: path, interruption) != id { note(path) }
      case UInt32(S_IFDIR):
        if try has(["ls-files", "--others", "-z"], in: there.path, interruption) { note(there.path) }
      default:
        // What git tracks is in a stash.
        if try !has(["ls-files", "-z"], in: there.path, interruption) { note(there.path) }
      }
    }
    try flush()
    return found
  }

  /// Gives files, links and directories of the work tree other names beside their own: `NAME.SUFFIX`, and a number behind it
  /// where that is taken.
  ///
  /// - Returns: the new names, in the same order.
  package func setAside(_ paths: [String], suffix: String) throws -> [String] {
    try paths.map { path in
      var (name, number) = ("\(path).\(suffix)", 1)
      while entry(name) != nil {
        number += 1
        name = "\(path).\(suffix).\(number)"
      }
      guard unsafe rename("\(directory)/\(path)", "\(directory)/\(name)") == 0 else {
        throw RecoverError.system(.stepFailed, "can't rename \(directory)/\(path), which the checkout would overwrite")
      }
      return name
    }
  }

  /// The object id that a symbolic link would have: that of its text.
  func linkID(of path: String, _ interruption: Interruption?) throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("\(directory)/\(path)", &buffer, buffer.count)
    guard count >= 0 else { return "" }
    let text = buffer.prefix(count).map { UInt8(bitPattern: $0) }
    let command = GitCommand.make(["hash-object", "--stdin"], in: directory)
    let (bytes, result) = try ChildStream.output(of: command, input: text, limitBytes: 4096, interruption)
    guard result.ending == .exited(0) else {
      throw RecoverError(.unreachable, "git hash-object in \(directory) \(result.summary)")
    }
    return String(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline })
  }

  /// The paths of a commit that the index lacks, each with its mode and object id.
  private func forEachPathMissingInIndex(
    of commit: String, _ interruption: Interruption?, _ body: (String, String, String) throws -> Void
  ) throws {
    var fields: [String]?
    let words = ["diff-index", "--cached", "-z", "--raw", "--no-renames", "--diff-filter=D", commit, "--"]
    try forEachRecord(words, interruption) { record in
      let text = String(decoding: record, as: UTF8.self)
      if let entry = fields {
        fields = nil
        try body(text, String(entry[0].dropFirst()), entry[2])
      } else {
        // `:100644 000000 OLD NEW D`, and then the path.
        let entry = text.split(separator: " ").map(String.init)
        guard entry.count == 5 else {
          throw RecoverError(.unreachable, "git diff-index in \(directory) printed what it should not")
        }
        fields = entry
      }
    }
  }

  /// What stands where a path would be: at the path itself, or at a directory above it that is none.
  private func obstacle(to path: String) -> (path: String, mode: UInt32)? {
    var above = ""
    for part in path.split(separator: "/") {
      above += above.isEmpty ? String(part) : "/\(part)"
      guard let status = entry(above) else { return nil }
      if above == path || status.mode & UInt32(S_IFMT) != UInt32(S_IFDIR) { return (above, status.mode) }
    }
    return nil
  }

  /// Whether a list of git's has anything at a path or below it.
  private func has(_ words: [String], in path: String, _ interruption: Interruption?) throws -> Bool {
    var found = false
    try forEachRecord(words + ["--", ":(literal)\(path)"], interruption) { _ in found = true }
    return found
  }
}
