internal import CLinux
internal import Glibc

extension GitRepository {
  /// The names of the work trees in a directory that are named by a commit's first 12 digits, oldest first.
  package static func worktrees(in path: String) -> [String] {
    guard let handle = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(handle) }
    var found: [(name: String, made: Int64)] = []
    while let entry = unsafe readdir(handle) {
      guard let text = unsafe recover_entry_name(entry) else { continue }
      let name = unsafe String(cString: text)
      guard name.utf8.count == 12, name.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else { continue }
      // The file that leads to the repository is written once, when the work tree is made.
      var status = recover_status()
      let file = "\(path)/\(name)/.git"
      guard unsafe recover_status_at(AT_FDCWD, file, AT_SYMLINK_NOFOLLOW, &status) == 0, status.mode & S_IFMT == S_IFREG
      else { continue }
      found.append((name, status.modified_seconds))
    }
    return found.sorted { ($0.made, $0.name) < ($1.made, $1.name) }.map(\.name)
  }

  /// Whether a directory has nothing but what leads to its repository.
  package static func isEmpty(_ path: String) -> Bool {
    guard let handle = unsafe opendir(path) else { return false }
    defer { unsafe closedir(handle) }
    while let entry = unsafe readdir(handle) {
      guard let text = unsafe recover_entry_name(entry) else { continue }
      guard [".", "..", ".git"].contains(unsafe String(cString: text)) else { return false }
    }
    return true
  }
}
