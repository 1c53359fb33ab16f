internal import RecoverBase

/// What acts on a repository: each one child, gated and journaled as `context` says, its output in the log.
///
/// No branch is ever moved.
extension GitRepository {
  /// Makes the stash's commit of the changes to tracked files, and keeps it nowhere; the work tree stays as it is.
  ///
  /// - Returns: the commit; nil where nothing is changed.
  package func makeStash(_ message: String, in context: ChildContext) async throws -> String? {
    let output = try await change(["stash", "create", message], "the stash", in: context, outputBytes: 4096)
    let line = String(decoding: output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return line.isEmpty ? nil : line
  }

  /// Puts a stash's commit on top of the list that `git stash list` shows.
  package func storeStash(_ commit: String, _ message: String, in context: ChildContext) async throws {
    try await change(["stash", "store", "--message", message, commit], "keeping the stash", in: context)
  }

  /// Makes the tracked files what the commit that is checked out has.
  package func discardChanges(in context: ChildContext) async throws {
    try await change(["reset", "--hard", "--quiet"], "discarding the stashed changes", in: context)
  }

  /// Brings the changes of a stash back, those of the index as well.
  package func applyStash(_ commit: String, in context: ChildContext) async throws {
    try await change(["stash", "apply", "--index", "--quiet", commit], "bringing the stash back", in: context)
  }

  /// Takes a stash off the list, wherever it stands in it; nothing happens when it is not there.
  package func dropStash(_ commit: String, in context: ChildContext) async throws {
    let index = try await BlockingThread.run("recover-git") { try stashes($0).firstIndex(of: commit) }
    guard let index else { return }
    try await change(["stash", "drop", "--quiet", "stash@{\(index)}"], "dropping the stash", in: context)
  }

  /// Checks a commit out, with HEAD detached.
  ///
  /// Ignored files are not overwritten either.
  ///
  /// - Parameter discarding: also over changes and files in the way: for what a checkout that died has left.
  package func checkOut(_ commit: String, discarding: Bool = false, in context: ChildContext) async throws {
    let mode = discarding ? ["--force"] : ["--no-overwrite-ignore"]
    try await change(
      ["checkout", "--detach", "--quiet"] + mode + [commit, "--"], "the checkout of \(commit.prefix(12))", in: context)
  }

  /// Says that a branch is checked out, whose commit is.
  package func attach(to branch: String, in context: ChildContext) async throws {
    try await change(
      ["symbolic-ref", "-m", "recover: back on the branch", "HEAD", "refs/heads/\(branch)"],
      "going back to branch \(branch)", in: context)
  }

  /// Brings the submodules to what the commit that is checked out wants.
  package func updateSubmodules(discarding: Bool = false, in context: ChildContext) async throws {
    try await change(
      ["submodule", "update", "--init", "--recursive", "--quiet"] + (discarding ? ["--force"] : []),
      "the update of the submodules", in: context)
  }

  /// Makes a further work tree, with HEAD detached.
  package func addWorktree(_ path: String, commit: String, in context: ChildContext) async throws {
    // With force, twice: also where a directory that is gone was one before, even a locked one.
    try await change(
      ["worktree", "add", "--force", "--force", "--detach", "--quiet", "--", path, commit], "making \(path)",
      in: context)
  }

  /// Tells git the path of a further work tree that was renamed.
  package func repairWorktree(_ path: String, in context: ChildContext) async throws {
    try await change(["worktree", "repair", "--", path], "noting \(path)", in: context)
  }

  /// Makes the index that of the commit that is checked out; no file is touched.
  package func readIndex(in context: ChildContext) async throws {
    try await change(["read-tree", "HEAD"], "reading the index", in: context)
  }

  /// Removes a work tree with all that is in it, also one that was only half made.
  package func removeWorktree(_ path: String, in context: ChildContext) async throws {
    // Twice: one that died while it was made is locked.
    let remove = GitCommand.make(["worktree", "remove", "--force", "--force", "--", path], in: directory)
    let result = try await ChildProcess.run(remove, kind: .run, in: context)
    if result.ending == .exited(0) { return }
    // It may not be registered yet, or its registration is all that there is.
    let rest = try await ChildProcess.run(Command(["rm", "-rf", "--", path]), kind: .run, in: context)
    try rest.requireSuccess("removing \(path)", logFile: context.logFile)
    try await change(["worktree", "prune"], "forgetting \(path)", in: context)
  }

  @discardableResult
  private func change(
    _ words: [String], _ what: String, in context: ChildContext, outputBytes: Int? = nil
  ) async throws -> [UInt8] {
    let result = try await ChildProcess.run(
      GitCommand.make(words, in: directory), kind: .run, in: context, outputBytes: outputBytes)
    guard result.ending != .exited(0) else { return result.output }
    if let lock = try? await BlockingThread.run("recover-git", { try indexLock($0) }) {
      throw RecoverError(
        .busy, "\(what): another git holds \(lock)",
        hint: "where no git runs any more, one died there: rm \(ShellWord.quoted(lock))")
    }
    try result.requireSuccess(what, logFile: context.logFile)
    return result.output
  }
}
