internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// A release in a directory of its own, beside those that were deployed before.
///
/// What serves is not touched until the link `current` is switched, and directories that are kept need no second build.
struct DirectoryPlace: ReleasePlace {
  let work: ReleaseWork

  private var release: GitCommit { work.bindings.release }
  private var directory: String { work.bindings.directory(of: release) }

  func probe() async throws -> ProbeResult {
    guard exists else { return .notDone }
    let difference = try await difference()
    return difference.map { .partial("\(directory): \($0.text)") } ?? .done(["checkedOut": .string(directory)])
  }

  /// Refuses a directory that is there already and that this run can't take for the release.
  func requireUsable() async throws {
    guard exists, let difference = try await difference() else { return }
    throw RecoverError(
      .missingRequirement, "\(directory) is there already, and is not release \(release.short): \(difference.text)",
      hint: difference.hint)
  }

  private var exists: Bool { unsafe access(directory, F_OK) == 0 }

  /// In what the directory is not the release's clean checkout, and what to type then; nil when it is.
  private func difference() async throws -> (text: String, hint: String)? {
    let tree = GitRepository(directory: directory)
    let git = "git -C \(ShellWord.quoted(directory))"
    do {
      let (status, hidden) = try await BlockingThread.run("recover-git") {
        (try tree.status($0), try tree.hiddenEdits($0))
      }
      guard status.commit == release.id else {
        return ("it is at \(status.commit ?? "no commit")", "\(git) checkout --detach \(release.short)")
      }
      guard status.isClean else {
        return (
          "tracked files differ: \(status.changesText)", "to keep the changes and take them out: \(git) stash"
        )
      }
      guard let first = hidden.first.first else { return nil }
      return (
        "files differ that git was told not to look at: \(hidden.text)",
        "to let git look: \(git) update-index --no-assume-unchanged --no-skip-worktree -- \(ShellWord.quoted(first))"
      )
    } catch let error as RecoverError where error.code == .unreachable {
      return (
        "git can't read it", "to keep it: mv \(ShellWord.quoted(directory)) \(ShellWord.quoted("\(directory).kept"))"
      )
    }
  }

  func checkOut(isRepair: Bool) async throws -> KeptChanges {
    var kept = KeptChanges()
    if exists { kept.directory = try await removeOrKeep() }
    let parent = work.bindings.releases ?? directory
    guard unsafe mkdir(parent, 0o755) == 0 || errno == EEXIST else {
      throw RecoverError.system(.stepFailed, "can't make \(parent)", hint: "make the directory above it")
    }
    try await work.repository.addWorktree(directory, commit: release.id, in: work.children)
    let tree = GitRepository(directory: directory)
    let id = release.id
    guard try await BlockingThread.run("recover-git", { try tree.hasSubmodules(id, $0) }) else { return kept }
    try await tree.updateSubmodules(in: work.children)
    return kept
  }

  /// Removes the release's directory, or gives it another name where something is in it that neither git nor the build made.
  ///
  /// By that name it is taken for no release any more.
  ///
  /// - Returns: the path of what is kept.
  private func removeOrKeep() async throws -> String? {
    guard try await hasAdditions() else {
      try await work.repository.removeWorktree(directory, in: work.children)
      return nil
    }
    let parent = GitRepository(directory: work.bindings.releases ?? "/")
    let suffix = "recover-\(work.context.run.text)"
    let name = work.bindings.release.short
    let path = "\(parent.directory)/\(try parent.setAside([name], suffix: suffix)[0])"
    do {
      try await work.repository.repairWorktree(path, in: work.children)
    } catch {
      // It is no work tree any more: what git knows of it has to go, or none could be made by its name.
      try await work.repository.removeWorktree(directory, in: work.children)
    }
    return path
  }

  /// Whether somebody put something into the directory; also where nobody can tell.
  private func hasAdditions() async throws -> Bool {
    let tree = GitRepository(directory: directory)
    // A git that died while it made the directory has left it without an index: what it wrote is none of anybody else's.
    if let index = try? await BlockingThread.run("recover-git", { try tree.privatePath("index", $0) }),
      unsafe access(index, F_OK) != 0
    {
      try? await tree.readIndex(in: work.children)
    }
    do {
      return try await Self.additions(in: directory).count > 0
    } catch let error as RecoverError where error.code == .unreachable {
      return !GitRepository.isEmpty(directory)
    }
  }

  /// What came into a release's directory since it was recorded, or else since it was built or made.
  static func additions(in directory: String) async throws -> GitPaths {
    let tree = GitRepository(directory: directory)
    let marks = [try await recordedMark(in: directory), try await builtMark(in: directory)]
    let since = marks.first { unsafe access($0, F_OK) == 0 } ?? "\(directory)/.git"
    return try await BlockingThread.run("recover-git") { try tree.additions(since: since, $0) }
  }

  func verify() async throws -> Verdict {
    guard exists else { return .fails("\(directory) is not there") }
    return try await difference().map { .fails("\(directory): \($0.text)") } ?? .holds
  }

  func isBack() async throws -> Bool { !exists }

  /// Nothing is ever checked out over it.
  func setAside(for commit: String) async throws -> KeptChanges { KeptChanges() }

  func goBack() async throws -> [String: JSONValue] {
    let link = work.bindings.currentLink.flatMap { ReleaseLink(path: $0).target }
    guard link != release.short else {
      throw RecoverError(
        .needsOperator, "\(work.bindings.currentLink ?? "") leads to \(directory), which is to be removed",
        hint: "lead it to the release that serves, then recover resume \(work.context.run)")
    }
    var kept = KeptChanges()
    if exists { kept.directory = try await removeOrKeep() }
    return kept.evidence.merging(["removed": .string(directory)]) { $1 }
  }

  /// The file that says that the release's directory is built: outside of what is checked out.
  func builtMark() async throws -> String { try await Self.builtMark(in: directory) }

  static func builtMark(in directory: String) async throws -> String { try await mark("recover-built", in: directory) }

  /// The file that says when a release was recorded for the first time: what came into its directory later is neither its
  /// build's nor its deployment's.
  static func recordedMark(in directory: String) async throws -> String {
    try await mark("recover-recorded", in: directory)
  }

  private static func mark(_ name: String, in directory: String) async throws -> String {
    let tree = GitRepository(directory: directory)
    return try await BlockingThread.run("recover-git") { try tree.privatePath(name, $0) }
  }
}
