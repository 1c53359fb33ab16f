internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What was kept before something was checked out over it.
struct KeptChanges: Sendable {
  /// Stashes' commits.
  var stashes: [String] = []
  /// The names that untracked files have now.
  var files: [String] = []
  /// Submodules, each with the stash in it.
  var submodules: [String] = []

  /// The path that a release's directory has now.
  var directory: String?

  /// For people; nothing where nothing had to be kept.
  var evidence: [String: JSONValue] {
    var evidence: [String: JSONValue] = [:]
    if !stashes.isEmpty { evidence["kept"] = .string(stashes.map { String($0.prefix(12)) }.joined(separator: ", ")) }
    if !files.isEmpty { evidence["keptFiles"] = .array(files.map { .string($0) }) }
    if !submodules.isEmpty { evidence["keptSubmodules"] = .array(submodules.map { .string($0) }) }
    if let directory { evidence["keptDirectory"] = .string(directory) }
    return evidence
  }
}

/// Changes that somebody makes while a run is under way, or while it lies broken off: kept, whatever comes over them.
extension ReleaseWork {
  private var keptMessage: String { "recover: changed while run \(context.run) was under way" }

  /// Keeps what a checkout with force would lose: changes to tracked files on the list of stashes, untracked files in its
  /// way beside themselves.
  ///
  /// Nothing where all of it is the rest of a checkout or of a stash of this run that died. What stands half written after
  /// such a death is kept, too: nobody can tell it from an edit.
  func keepChanges(over commit: String) async throws -> KeptChanges {
    var kept = KeptChanges()
    kept.stashes = [try await stashForeignChanges()].compactMap(\.self)
    kept.files = try await keepUntracked(over: commit)
    return kept
  }

  /// - Returns: the stash's commit; nil where nobody but this run changed anything.
  func stashForeignChanges() async throws -> String? {
    guard let made = try await repository.makeStash(keptMessage, in: children), try await isForeign(made) else {
      return nil
    }
    try await repository.storeStash(made, keptMessage, in: children)
    return made
  }

  /// Renames the untracked files that stand where a commit has others.
  ///
  /// - Returns: their names now.
  func keepUntracked(over commit: String) async throws -> [String] {
    let suffix = "recover-\(context.run.text)"
    return try await ask { repository, interruption in
      try repository.setAside(repository.untrackedInTheWay(of: commit, interruption), suffix: suffix)
    }
  }

  /// Puts changes inside of submodules on the lists of stashes there: the update would discard them.
  ///
  /// - Returns: the submodules, each with its stash.
  func stashInSubmodules(of tree: GitRepository, at path: String = "") async throws -> [String] {
    let edited = try await BlockingThread.run("recover-git") { try tree.status($0) }.editedSubmodules
    var kept: [String] = []
    for name in edited {
      let (submodule, shown) = (GitRepository(directory: "\(tree.directory)/\(name)"), path + name)
      kept += try await stashInSubmodules(of: submodule, at: "\(shown)/")
      guard let made = try await submodule.makeStash(keptMessage, in: children) else { continue }
      try await submodule.storeStash(made, keptMessage, in: children)
      kept.append("\(shown) (stash \(made.prefix(12)))")
    }
    return kept
  }

  /// Whether a stash has a file, or an entry of the index, as neither a commit nor a stash of this run has it.
  private func isForeign(_ made: String) async throws -> Bool {
    let commits = Set([bindings.before?.commit.id, bindings.release.id, bindings.serving?.id].compactMap(\.self))
    let stash = stash?.stash
    return try await ask { repository, interruption in
      // The second parent of a stash is the index.
      for part in ["", "^2"] {
        var foreign: Set<[UInt8]>?
        for known in Array(commits) + [stash.map { $0 + part }].compactMap(\.self) where foreign?.isEmpty != true {
          let other = try repository.changedPaths(from: known, to: made + part, interruption)
          foreign = foreign?.intersection(other) ?? other
        }
        if foreign?.isEmpty == false { return true }
      }
      return false
    }
  }
}
