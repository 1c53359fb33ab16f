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
    let reason = try await difference()
    return reason.map { .partial("\(directory): \($0)") } ?? .done(["checkedOut": .string(directory)])
  }

  private var exists: Bool { unsafe access(directory, F_OK) == 0 }

  /// In what the directory is not the release's clean checkout; nil when it is.
  private func difference() async throws -> String? {
    let tree = GitRepository(directory: directory)
    do {
      let status = try await BlockingThread.run("recover-git") { try tree.status($0) }
      guard status.commit == release.id else { return "it is at \(status.commit ?? "no commit")" }
      return status.isClean ? nil : "tracked files differ: \(status.changesText)"
    } catch let error as RecoverError where error.code == .unreachable {
      return "git can't read it"
    }
  }

  func checkOut(isRepair: Bool) async throws {
    if exists { try await work.repository.removeWorktree(directory, in: work.children) }
    let parent = work.bindings.releases ?? directory
    guard unsafe mkdir(parent, 0o755) == 0 || errno == EEXIST else {
      throw RecoverError.system(.stepFailed, "can't make \(parent)", hint: "make the directory above it")
    }
    try await work.repository.addWorktree(directory, commit: release.id, in: work.children)
    let tree = GitRepository(directory: directory)
    let id = release.id
    guard try await BlockingThread.run("recover-git", { try tree.hasSubmodules(id, $0) }) else { return }
    try await tree.updateSubmodules(in: work.children)
  }

  func verify() async throws -> Verdict {
    guard exists else { return .fails("\(directory) is not there") }
    return try await difference().map { .fails("\(directory): \($0)") } ?? .holds
  }

  func isBack() async throws -> Bool { !exists }

  /// Nothing is ever checked out over it.
  func setAside() async throws -> String? { nil }

  func goBack() async throws -> [String: JSONValue] {
    let link = work.bindings.currentLink.flatMap { ReleaseLink(path: $0).target }
    guard link != release.short else {
      throw RecoverError(
        .needsOperator, "\(work.bindings.currentLink ?? "") leads to \(directory), which is to be removed",
        hint: "lead it to the release that serves, then recover resume \(work.context.run)")
    }
    if exists { try await work.repository.removeWorktree(directory, in: work.children) }
    return ["removed": .string(directory)]
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
