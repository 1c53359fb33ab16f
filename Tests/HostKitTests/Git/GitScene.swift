internal import RecoverBase
internal import RecoverTestSupport

@testable internal import HostKit

/// A git repository of a test's own.
struct GitScene {
  let scratch: Scratch
  let path: String

  init(in scratch: Scratch, _ name: String = "tree") throws {
    self.scratch = scratch
    path = scratch.file(name)
    try TestProcess.output(["git", "init", "--quiet", "--initial-branch=main", path])
    try git("config", "user.name", "Test")
    try git("config", "user.email", "test@example.org")
  }

  var repository: GitRepository { GitRepository(directory: path) }

  @discardableResult
  func git(_ words: String...) throws -> String {
    String(decoding: try TestProcess.output(["git", "-C", path] + words), as: UTF8.self)
      .trimmingSuffix { $0.isNewline }
  }

  func write(_ name: String, _ text: String) throws {
    let folder = name.split(separator: "/").dropLast().joined(separator: "/")
    try TestProcess.output(["mkdir", "-p", "\(path)/\(folder)"])
    try TestProcess.output(["tee", "\(path)/\(name)"], input: .bytes(Array(text.utf8)))
  }

  /// Commits files, and gives the commit.
  @discardableResult
  func commit(_ message: String, _ files: [String: String]) throws -> String {
    for (name, text) in files { try write(name, text) }
    try git("add", "--all")
    try git("commit", "--quiet", "--allow-empty", "-m", message)
    return try git("rev-parse", "HEAD")
  }

  func text(_ name: String) throws -> String { try scratch.read("tree/\(name)") }
}

extension String {
  fileprivate func trimmingSuffix(_ isDropped: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, isDropped(last) { text.removeLast() }
    return text
  }
}
