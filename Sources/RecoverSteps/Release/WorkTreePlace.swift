internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// A release in the work tree itself, with HEAD detached.
///
/// A checkout that dies in the middle leaves some files new and some old: since the tree was clean before, it is completed
/// or taken back with force, after everything was kept that is neither.
struct WorkTreePlace: ReleasePlace {
  let work: ReleaseWork

  private var release: GitCommit { work.bindings.release }

  func probe() async throws -> ProbeResult {
    let status = try await work.ask { try $0.status($1) }
    let isFirst = work.context.attempt == 0
    switch status.commit {
    case release.id where status.isClean: return .done(evidence)
    case release.id where !isFirst: return .partial("the checkout was under way: \(status.changesText)")
    case work.bindings.before?.commit.id:
      // Files that a git which died has written may still be unknown to it: a clean status does not tell.
      guard isFirst else {
        return .partial("the checkout was under way" + (status.isClean ? "" : ": \(status.changesText)"))
      }
      guard status.isClean else { throw changed("has changes that the inspection did not see: \(status.changesText)") }
      return .notDone
    default:
      let commit = status.commit.map { "at \($0.prefix(12))" } ?? "without a commit"
      if isFirst { throw changed("is \(commit) now") }
      return .unknown("the work tree is \(commit), neither at the release nor at the one before")
    }
  }

  private func changed(_ what: String) -> RecoverError {
    RecoverError(
      .drifted, "\(work.bindings.repository) \(what)", hint: "somebody works there: find out who, then plan again")
  }

  func checkOut(isRepair: Bool) async throws -> KeptChanges {
    try await work.freeLocks()
    var kept = KeptChanges()
    if isRepair { kept = try await work.keepChanges(over: release.id) }
    try await work.repository.checkOut(release.id, discarding: isRepair, in: work.children)
    kept.submodules = try await updateSubmodules(of: release.id, discarding: isRepair)
    return kept
  }

  /// - Returns: the submodules in which changes were put aside.
  private func updateSubmodules(of commit: String, discarding: Bool) async throws -> [String] {
    guard try await work.ask({ try $0.hasSubmodules(commit, $1) }) else { return [] }
    let kept = discarding ? try await work.stashInSubmodules(of: work.repository) : []
    try await work.repository.updateSubmodules(discarding: discarding, in: work.children)
    return kept
  }

  func verify() async throws -> Verdict {
    let status = try await work.ask { try $0.status($1) }
    guard status.commit == release.id else {
      return .fails("the work tree is at \(status.commit ?? "no commit"), not at \(release.short)")
    }
    return status.isClean
      ? .holds : .fails("right after the checkout these files differ from it: \(status.changesText)")
  }

  private var evidence: JSONValue { ["checkedOut": .string(release.short)] }

  func isBack() async throws -> Bool {
    guard let before = work.bindings.before else { return true }
    let status = try await work.ask { try $0.status($1) }
    guard status.commit == before.commit.id else { return false }
    guard let stash = work.stash else { return status.isClean }
    return try await work.hasSameChanges(as: stash)
  }

  func setAside(for commit: String) async throws -> KeptChanges {
    guard work.bindings.before != nil, try await !isBack() else { return KeptChanges() }
    return try await work.keepChanges(over: commit)
  }

  func goBack() async throws -> [String: JSONValue] {
    guard let before = work.bindings.before else { return [:] }
    try await work.freeLocks()
    var evidence: [String: JSONValue] = ["backTo": .string(before.commit.short)]
    if try await !isBack() {
      var kept = try await work.keepChanges(over: before.commit.id)
      try await work.repository.checkOut(before.commit.id, discarding: true, in: work.children)
      try await removeLeftovers(before.commit.id)
      kept.submodules = try await updateSubmodules(of: before.commit.id, discarding: true)
      if let stash = work.stash {
        kept.files += try await work.keepUntracked(over: stash.stash)
        try await work.repository.applyStash(stash.stash, in: work.children)
      }
      evidence.merge(kept.evidence) { $1 }
    }
    if let branch = before.branch {
      evidence["branch"] = .string(branch)
      guard try await work.ask({ try $0.status($1) }).branch != branch else { return evidence }
      if try await work.ask({ try $0.commit(of: "refs/heads/\(branch)", $1) })?.id == before.commit.id {
        try await work.repository.attach(to: branch, in: work.children)
      } else {
        // Whoever moved the branch meanwhile meant it: it stays where it is.
        evidence["branchMoved"] = .string(branch)
      }
    }
    return evidence
  }

  /// Removes files that a checkout which died had written and git does not know of: exactly those that are what the
  /// release has, byte for byte.
  private func removeLeftovers(_ before: String) async throws {
    let release = release.id
    let directory = work.bindings.repository
    try await work.ask { repository, interruption in
      var batch: [(path: String, id: String)] = []
      func flush() throws {
        let ids = try repository.objectIDs(of: batch.map(\.path), interruption)
        for (entry, id) in zip(batch, ids) where entry.id == id { _ = unsafe unlink("\(directory)/\(entry.path)") }
        batch = []
      }
      try repository.forEachAddedFile(from: before, to: release, interruption) { path, id in
        var status = stat()
        guard unsafe lstat("\(directory)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        batch.append((path, id))
        if batch.count == 500 { try flush() }
      }
      try flush()
    }
  }
}

extension ReleaseWork {
  /// Whether the changes to tracked files are those that a stash has.
  func hasSameChanges(as stash: StashSnapshot) async throws -> Bool {
    guard let now = try await repository.makeStash("recover: comparison", in: children) else { return false }
    return try await ask { try $0.trees(ofStash: now, $1) } == stash.trees
  }
}
