internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the inspection of a rollback or a deployment found, for people.
package struct ReleaseReport: Sendable, Hashable, Codable {
  /// The release's first 12 digits and the first line of its message.
  package var release: String
  /// How many commits it has that the one before has not, and the other way round.
  package var commitsAhead: Int
  package var commitsBehind: Int
  /// Changed files that a stash will keep.
  package var stashed: Int
  /// What people should know, each one line.
  package var warnings: [String]
}

/// `release.inspect`: everything that can be in the way, before anything is touched.
struct InspectReleaseStep: Step {
  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    var report = ReleaseReport(
      release: "\(work.bindings.release.short) (\(work.bindings.release.subject))", commitsAhead: 0, commitsBehind: 0,
      stashed: 0, warnings: [])
    try await checkRepository(work, &report)
    if work.bindings.releases == nil {
      try await checkWorkTree(work, &report)
    } else {
      try checkLink(work)
      try await DirectoryPlace(work: work).requireUsable()
    }
    try await checkContent(work, &report)
    try await checkCompatible(work)
    return try JSONValue(encoding: report)
  }

  /// It is the planned repository, and has the planned commit.
  private func checkRepository(_ work: ReleaseWork, _ report: inout ReleaseReport) async throws {
    let bindings = work.bindings
    let (common, release) = try await work.ask { repository, interruption in
      (
        try repository.commonDirectory(interruption),
        try repository.commit(of: bindings.release.id, interruption)
      )
    }
    guard common == bindings.gitDirectory else {
      throw RecoverError(
        .drifted, "\(bindings.repository) is another repository now: \(common), not \(bindings.gitDirectory)",
        hint: "plan again")
    }
    guard release != nil else {
      throw RecoverError(
        .drifted, "commit \(bindings.release.short) is not in \(bindings.repository) any more",
        hint: "fetch it, then plan again")
    }
    var status = stat()
    if unsafe stat(common, &status) == 0, status.st_uid != geteuid() {
      report.warnings.append(
        "\(common) belongs to uid \(status.st_uid), and this runs as uid \(geteuid()): what git makes here will be this one's"
      )
    }
    guard let before = bindings.serving?.id else { return }
    (report.commitsAhead, report.commitsBehind) = try await work.ask { repository, interruption in
      (
        try repository.count(of: bindings.release.id, without: before, interruption),
        try repository.count(of: before, without: bindings.release.id, interruption)
      )
    }
  }

  /// The work tree is where the plan saw it, in the middle of nothing, and has nothing that the checkout would lose.
  private func checkWorkTree(_ work: ReleaseWork, _ report: inout ReleaseReport) async throws {
    let bindings = work.bindings
    let (status, operation) = try await work.ask { (try $0.status($1), try $0.operationInProgress($1)) }
    if let operation {
      throw RecoverError(
        .missingRequirement, "\(bindings.repository) is in the middle of a \(operation)",
        hint: "finish it, or end it with git \(operation) \(operation == "bisect" ? "reset" : "--abort")")
    }
    guard status.commit == bindings.before?.commit.id, status.branch == bindings.before?.branch else {
      throw RecoverError(
        .drifted, "\(bindings.repository) has another commit or branch checked out than when the plan was made",
        hint: "plan again")
    }
    guard status.changedSubmodules.isEmpty else {
      throw RecoverError(
        .missingRequirement,
        "submodules of \(bindings.repository) are changed: \(status.changedSubmodules.joined(separator: ", "))",
        hint: "commit or take back what changed there; no stash keeps it")
    }
    report.stashed = status.changeCount
    guard status.isClean || bindings.mayStash else {
      throw RecoverError(
        .missingRequirement, "\(bindings.repository) has uncommitted changes: \(status.changesText)",
        hint: "commit them, or let --stash put them aside; they come back if the run goes back")
    }
    try await checkHidden(work)
    try await checkPathsInTheWay(work)
  }

  /// Nobody works there, and nothing is changed that git doesn't show.
  private func checkHidden(_ work: ReleaseWork) async throws {
    let bindings = work.bindings
    let (locks, hidden) = try await work.ask { (try GitLock.all(of: $0, $1), try $0.hiddenEdits($1)) }
    if let lock = locks.first {
      throw RecoverError(
        .busy, "another git works in \(bindings.repository), or one was killed there: \(lock.path) is there",
        hint: "where no git runs any more: rm \(ShellWord.quoted(lock.path))")
    }
    guard hidden.count == 0 else {
      throw RecoverError(
        .missingRequirement,
        "\(bindings.repository) has edits that git was told not to look at, and that no stash keeps: \(hidden.text)",
        hint: "git update-index --no-assume-unchanged --no-skip-worktree -- "
          + "\(ShellWord.quoted(hidden.first.first ?? "")) shows them; commit them then, or let --stash put them aside")
    }
  }

  /// Files that the release tracks and that are here untracked, so that the checkout would lose them.
  private func checkPathsInTheWay(_ work: ReleaseWork) async throws {
    let (bindings, directory) = (work.bindings, work.bindings.repository)
    guard let before = bindings.before?.commit.id else { return }
    let (paths, count) = try await work.ask { repository, interruption in
      var (paths, count) = ([String](), 0)
      try repository.forEachAddedPath(from: before, to: bindings.release.id, interruption) { path in
        var status = stat()
        guard unsafe lstat("\(directory)/\(path)", &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return }
        count += 1
        if paths.count < 5 { paths.append(path) }
      }
      return (paths, count)
    }
    guard count == 0 else {
      let more = count > paths.count ? " and \(count - paths.count) more" : ""
      throw RecoverError(
        .missingRequirement,
        "untracked files are where the release has its own: \(paths.joined(separator: ", "))\(more)",
        hint: "move them away; the checkout would overwrite them")
    }
  }

  private func checkLink(_ work: ReleaseWork) throws {
    guard let path = work.bindings.currentLink else { return }
    let link = ReleaseLink(path: path)
    guard !link.isBlocked else {
      throw RecoverError(
        .missingRequirement, "\(path) is no link",
        hint: "move it away; recover makes it a link to the release that serves")
    }
    guard link.target == work.bindings.before?.link else {
      throw RecoverError(.drifted, "\(path) leads elsewhere than when the plan was made", hint: "plan again")
    }
  }

  private func checkContent(_ work: ReleaseWork, _ report: inout ReleaseReport) async throws {
    let id = work.bindings.release.id
    let (submodules, usesLFS, canUseLFS) = try await work.ask { repository, interruption in
      let usesLFS = try repository.usesLFS(id, interruption)
      return (
        try repository.hasSubmodules(id, interruption), usesLFS, try usesLFS && repository.canUseLFS(interruption)
      )
    }
    if submodules {
      report.warnings.append("the release has submodules: they are updated, which may need their remotes")
    }
    guard usesLFS else { return }
    guard canUseLFS else {
      throw RecoverError(
        .missingRequirement,
        "the release keeps files in Git LFS, which is not set up here: its files would be pointers",
        hint: "install git-lfs, then git lfs install")
    }
    report.warnings.append("the release keeps files in Git LFS: those that are not here yet are fetched")
  }

  private func checkCompatible(_ work: ReleaseWork) async throws {
    let bindings = work.bindings
    guard let compatible = bindings.compatible, let before = bindings.serving else { return }
    let result = try await work.result(
      of: compatible, kind: .probe, for: bindings.release, replacing: before, in: bindings.repository,
      timeout: .seconds(300))
    switch result.ending {
    case .exited(0): return
    case .exited(1):
      throw RecoverError(
        .missingRequirement,
        "release \(bindings.release.short) can't take the place of \(before.short): compatible: \(result.summary)",
        hint: "its whole output is in \(work.children.logFile); go to another release, or restore what fits this one")
    case .interrupted: throw RecoverError(.interrupted, "stopped while asking whether the releases are compatible")
    case .exited, .signalled, .timedOut, .lost:
      throw RecoverError(
        .unreachable, "compatible: does not say whether the release fits: it \(result.summary)",
        hint: "it has to exit with 0 or 1; its whole output is in \(work.children.logFile)")
    }
  }
}
