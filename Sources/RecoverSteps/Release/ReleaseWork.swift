internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the steps of a rollback or a deployment have in common: their bindings, git, and the policy's commands.
struct ReleaseWork: Sendable {
  let bindings: ReleaseBindings
  let context: StepContext
  /// Children of the step; those of an undo have a log of their own.
  let children: ChildContext

  init(_ context: StepContext, isUndo: Bool = false) throws {
    bindings = try context.bindings(ReleaseBindings.self)
    self.context = context
    var children = ChildContext(context)
    if context.epoch == 0 {
      // A preview, perhaps of somebody who may not write there: what the hook prints is then told to nobody.
      let parent = context.directory.split(separator: "/").dropLast().joined(separator: "/")
      let isMade = (try? RunDirectory.make("/\(parent)")) != nil && (try? context.makeDirectory()) != nil
      if !isMade { children.logFile = "/dev/null" }
    } else {
      try context.makeDirectory()
    }
    if isUndo { children.logFile = "\(context.directory)/\(context.step.id).undo.log" }
    self.children = children
  }

  /// The work tree that the policy names.
  var repository: GitRepository { GitRepository(directory: bindings.repository) }

  /// The run's place for the release: the work tree, or a directory of its own.
  var place: any ReleasePlace {
    bindings.releases == nil ? WorkTreePlace(work: self) : DirectoryPlace(work: self)
  }

  /// Removes what a git of this run that was killed has left locked; what anybody else may hold stays.
  func freeLocks() async throws {
    let began = context.run.seconds
    try await ask { repository, interruption in
      for lock in try GitLock.all(of: repository, interruption) {
        // Where it can't be told, git itself refuses, and says so.
        _ = try? lock.removeIfAbandoned(since: began)
      }
    }
  }

  /// Asks git, on a thread of its own.
  func ask<Value: Sendable>(
    _ body: @escaping @Sendable (GitRepository, Interruption) throws -> Value
  ) async throws -> Value {
    let repository = repository
    return try await BlockingThread.run("recover-git") { try body(repository, $0) }
  }

  /// Runs a command of the policy for a release, in its directory.
  ///
  /// - Parameter replacing: what serves until then.
  func run(
    _ invocation: Invocation, _ what: String, kind: ChildKind, for release: GitCommit, replacing: GitCommit?,
    timeout: Duration
  ) async throws {
    try await result(
      of: invocation, kind: kind, for: release, replacing: replacing, in: bindings.directory(of: release),
      timeout: timeout
    ).requireSuccess("\(what) of release \(release.short)", logFile: children.logFile)
  }

  func result(
    of invocation: Invocation, kind: ChildKind, for release: GitCommit, replacing: GitCommit?, in directory: String,
    timeout: Duration
  ) async throws -> ChildResult {
    var environment = bindings.environment
    environment["RECOVER_DEPLOYMENT"] = bindings.name
    environment["RECOVER_RELEASE"] = release.id
    environment["RECOVER_RELEASE_BEFORE"] = replacing?.id ?? ""
    return try await ChildProcess.run(
      Command(invocation.argumentVector, environment: environment, directory: directory), kind: kind, in: children,
      deadline: .after(timeout))
  }

  /// What the stash step keeps; nil where there was nothing to keep.
  var stash: StashSnapshot? {
    let step = context.plan.steps.first { $0.uses == "release.stash" }
    guard let step, let snapshot = context.snapshots[step.id] else { return nil }
    return try? snapshot.decoded(as: StashSnapshot.self)
  }

  /// Whether going back changes anything: a release that is deployed again has nothing before it.
  private var hasOtherBefore: Bool { bindings.serving.map { $0.id != bindings.release.id || stash != nil } ?? false }

  /// Makes what was there before the run be there again: what is checked out, its build, and its deployment.
  ///
  /// For places where a build or a deployment of this run has changed what belongs to the release of before. A directory of
  /// its own keeps its build.
  func bringBack(redeploys: Bool) async throws -> [String: JSONValue] {
    guard let before = bindings.before, let serving = bindings.serving else { return [:] }
    var evidence: [String: JSONValue] = ["backTo": .string(serving.short)]
    if let releases = bindings.releases {
      guard redeploys, hasOtherBefore, let link = before.link else { return evidence }
      try await deploy(serving, in: link.hasPrefix("/") ? link : "\(releases)/\(link)")
      evidence["redeployed"] = .string(serving.short)
      return evidence
    }
    let isCheckedOut = serving.id == before.commit.id
    if isCheckedOut { evidence = try await place.goBack() }
    if hasOtherBefore {
      if !isCheckedOut {
        try await freeLocks()
        evidence.merge(try await place.setAside(for: serving.id).evidence) { $1 }
        try await repository.checkOut(serving.id, discarding: true, in: children)
      }
      if let build = bindings.build {
        try await run(
          build, "the build", kind: .build, for: serving, replacing: bindings.release, timeout: bindings.buildTimeout)
        evidence["rebuilt"] = .string(serving.short)
      }
      if redeploys {
        try await deploy(serving, in: bindings.repository)
        evidence["redeployed"] = .string(serving.short)
      }
    }
    if !isCheckedOut {
      evidence.merge(try await place.goBack()) { deployed, back in
        guard let first = deployed.array, let second = back.array else { return deployed }
        return .array(first + second)
      }
    }
    return evidence
  }

  private func deploy(_ release: GitCommit, in directory: String) async throws {
    try await result(
      of: bindings.deploy, kind: .service, for: release, replacing: bindings.release, in: directory,
      timeout: bindings.deployTimeout
    ).requireSuccess("the deployment of release \(release.short)", logFile: children.logFile)
  }
}

/// What the stash step saw: a stash's commit, and what is in it.
struct StashSnapshot: Sendable, Hashable, Codable {
  var stash: String
  /// The trees of the index and of the work tree.
  var trees: [String]
}

/// Where a release is checked out.
protocol ReleasePlace: Sendable {
  /// Whether the release is there.
  func probe() async throws -> ProbeResult
  /// Checks it out.
  ///
  /// - Parameter isRepair: a checkout of this run died in the middle.
  /// - Returns: what somebody changed meanwhile.
  func checkOut(isRepair: Bool) async throws -> KeptChanges
  /// Whether the checkout is there, as the postcondition.
  func verify() async throws -> Verdict
  /// Whether what was checked out before is there.
  func isBack() async throws -> Bool
  /// Keeps what somebody changed meanwhile, before a commit is checked out over it.
  func setAside(for commit: String) async throws -> KeptChanges
  /// Makes what was checked out before be there; nothing happens when it is.
  ///
  /// - Returns: evidence.
  func goBack() async throws -> [String: JSONValue]
}
