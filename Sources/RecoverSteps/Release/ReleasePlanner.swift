internal import HostKit
package import RecoverBase
package import RecoverCore
internal import RecoverEngine

/// What a person asked of a deployment.
package struct ReleaseRequest: Sendable {
  package enum Purpose: String, Sendable {
    case rollback, deploy
  }

  package var purpose: Purpose
  /// The deployment's name; nil where the policy has only one.
  package var deployment: String?
  /// The revision; nil for the default.
  package var revision: String?
  package var mayStash: Bool
  /// Deploy also what is deployed already.
  package var again: Bool

  package init(
    purpose: Purpose, deployment: String? = nil, revision: String? = nil, mayStash: Bool = false, again: Bool = false
  ) {
    self.purpose = purpose
    self.deployment = deployment
    self.revision = revision
    self.mayStash = mayStash
    self.again = again
  }
}

/// What comes of a request.
package enum ReleaseOutcome: Sendable {
  case plan(Plan)
  /// It is deployed already; with the text that says so, and the release.
  case nothingToDo(String, GitCommit)
}

/// Resolves a request into the plan of a rollback or a deployment: asks git, changes nothing.
package struct ReleasePlanner: Sendable {
  private let policy: Policy
  private let host: String

  package init(policy: Policy, host: String) {
    self.policy = policy
    self.host = host
  }

  /// The deployment that is meant, with its name.
  ///
  /// - Throws: ``RecoverError`` `usage` for none or several.
  package func deployment(_ name: String?) throws -> (name: String, policy: DeploymentPolicy) {
    if let name { return (name, try policy.deployment(named: name)) }
    guard let only = policy.deployments.first, policy.deployments.count == 1 else {
      let names = policy.deployments.keys.sorted().joined(separator: ", ")
      throw RecoverError(
        .usage, names.isEmpty ? "the policy has no deployments" : "the policy has several deployments: \(names)",
        hint: names.isEmpty
          ? "describe one in the policy: deployments: {NAME: {repository: ., deploy: ./deploy.sh}}" : "say which one")
    }
    return (only.key, only.value)
  }

  /// What runs of a deployment claim: the repository, whoever names it.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` when there is no git repository.
  package func target(_ name: String, _ deployment: DeploymentPolicy) async throws -> Target {
    let repository = GitRepository(directory: deployment.repository)
    let common = try await BlockingThread.run("recover-git") { try repository.commonDirectory($0) }
    return Target(kind: .deployment, identity: "\(host):\(common)", name: name)
  }

  /// Refuses a repository that a run of whatever state directory works on: what is checked out then says nothing.
  package func requireFree(_ target: Target) async throws {
    try RepositoryLock.requireFree(String(target.identity.drop { $0 != ":" }.dropFirst()))
  }

  /// Fetches from the deployment's remote, where it has that.
  ///
  /// - Returns: whether there was anything to fetch from.
  @discardableResult
  package func fetch(_ deployment: DeploymentPolicy) async throws -> Bool {
    let repository = GitRepository(directory: deployment.repository)
    return try await BlockingThread.run("recover-fetch") { interruption in
      guard try repository.remotes(interruption).contains(deployment.remote) else { return false }
      try repository.fetch(deployment.remote, interruption)
      return true
    }
  }

  /// The commit that serves now, as the work tree or the link shows it; nil for none.
  package func current(_ deployment: DeploymentPolicy) async throws -> GitCommit? {
    try await BlockingThread.run("recover-git") { interruption in
      try ReleaseLook(deployment: deployment, interruption: interruption).before()?.commit
    }
  }

  /// The plan for a request, with the steps of a procedure.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` for a revision that is not there, or a default that there is none of.
  package func plan(
    _ request: ReleaseRequest, history: ReleaseHistory, target: Target, procedure: Procedure
  ) async throws -> ReleaseOutcome {
    let (name, deployment) = try self.deployment(request.deployment)
    let found = try await BlockingThread.run("recover-git") { interruption in
      let look = ReleaseLook(deployment: deployment, interruption: interruption)
      let before = try look.before()
      let release = try look.target(of: request, current: before?.commit.id, history)
      return (before, release, try look.deployed(before, release, history))
    }
    let (before, release, deployed) = found
    if let text = Self.nothingToDo(request, release, before, history) { return .nothingToDo(text, release) }
    let bindings = ReleaseBindings(
      name: name, repository: deployment.repository,
      gitDirectory: String(target.identity.drop { $0 != ":" }.dropFirst()), releases: deployment.releases,
      release: release, revision: request.revision, wasVerified: history.wasVerified(release.id), before: before,
      deployed: deployed,
      mayStash: request.mayStash, compatible: deployment.compatible, build: deployment.build,
      deploy: deployment.deploy, environment: deployment.environment, buildTimeout: deployment.buildTimeout,
      deployTimeout: deployment.deployTimeout, keep: deployment.keep,
      services: try deployment.services.map { NamedService(name: $0, policy: try policy.service(named: $0)) },
      health: try deployment.health.map {
        try NamedHealth(name: $0, policy: try policy.healthCheck(named: $0), in: policy)
      })
    return .plan(
      try Planner(templates: StepLibrary.templates).plan(
        procedure, target: target, environment: policy.environment, bindings: try JSONValue(encoding: bindings)))
  }

  /// Why there is nothing to do; nil where there is.
  ///
  /// What is checked out but was never deployed by a run is taken as deployed by a rollback, and not by a deployment:
  /// that makes it known.
  private static func nothingToDo(
    _ request: ReleaseRequest, _ release: GitCommit, _ before: ReleaseBefore?, _ history: ReleaseHistory
  ) -> String? {
    guard !request.again, before?.commit.id == release.id else { return nil }
    let recorded = history.deployed
    guard recorded?.commit.id == release.id || (recorded == nil && request.purpose == .rollback) else { return nil }
    let what = "release \(release.short) (\(release.subject))"
    guard let recorded else {
      return
        "\(what) is checked out already: nothing to do; recover deploy --to \(release.short) deploys it and checks it"
    }
    let since = recorded.deployedAt.map { " since \($0)" } ?? ""
    return "\(what) is deployed already\(since), by run \(recorded.run): nothing to do"
  }
}

/// What git says to a request.
private struct ReleaseLook {
  let deployment: DeploymentPolicy
  let interruption: Interruption

  private var repository: GitRepository { GitRepository(directory: deployment.repository) }

  /// What is deployed, as the work tree or the link shows it.
  func before() throws -> ReleaseBefore? {
    if let releases = deployment.releases {
      guard let link = ReleaseLink(path: "\(releases)/current").target else { return nil }
      let directory = link.hasPrefix("/") ? link : "\(releases)/\(link)"
      guard let commit = try GitRepository(directory: directory).commit(of: "HEAD", interruption) else { return nil }
      return ReleaseBefore(commit: commit, link: link)
    }
    let status = try repository.status(interruption)
    guard let commit = try status.commit.flatMap({ try repository.commit(of: $0, interruption) }) else {
      throw RecoverError(
        .missingRequirement, "\(deployment.repository) has no commit yet",
        hint: "commit a first release, then deploy it")
    }
    return ReleaseBefore(commit: commit, branch: status.branch)
  }

  /// What the journal says is deployed, where somebody checked out something else since, and that was not to get at the
  /// very release that is to be deployed now.
  ///
  /// A commit that was only checked out may never have served. Whoever goes back to what the journal has as deployed says
  /// by this that something else serves: what is checked out.
  func deployed(_ before: ReleaseBefore?, _ release: GitCommit, _ history: ReleaseHistory) throws -> GitCommit? {
    guard deployment.releases == nil, let recorded = history.deployed?.commit,
      recorded.id != before?.commit.id, recorded.id != release.id
    else { return nil }
    return try repository.commit(of: recorded.id, interruption)
  }

  /// The commit that is meant.
  func target(of request: ReleaseRequest, current: String?, _ history: ReleaseHistory) throws -> GitCommit {
    if let revision = request.revision {
      guard let commit = try repository.commit(of: revision, interruption) else {
        throw RecoverError(
          .missingRequirement, "\(deployment.repository) has no single commit `\(revision)`",
          hint: request.purpose == .rollback
            ? "recover releases lists those that were deployed; git log lists all"
            : "git fetch gets new ones; git log --all lists those that are here")
      }
      return commit
    }
    switch request.purpose {
    case .rollback: return try lastVerified(current, history)
    case .deploy: return try newest()
    }
  }

  private func lastVerified(_ current: String?, _ history: ReleaseHistory) throws -> GitCommit {
    guard let release = history.rollbackTarget(current: current) else {
      throw RecoverError(
        .missingRequirement, "no release was verified healthy before that this one could go back to",
        hint: "recover releases lists what was deployed; --to REV names one, also one that was never verified")
    }
    guard let commit = try repository.commit(of: release.id, interruption) else {
      throw RecoverError(
        .missingRequirement,
        "release \(release.short) (\(release.subject)), the last verified one, is not in \(deployment.repository) any more",
        hint: "fetch it, or name another one with --to REV")
    }
    return commit
  }

  /// What the policy tracks; else what the branch follows; else the remote's default branch; else what is checked out.
  private func newest() throws -> GitCommit {
    if let track = deployment.track {
      if let commit = try repository.commit(of: track, interruption) { return commit }
      throw RecoverError(
        .missingRequirement, "\(deployment.repository) has no commit `\(track)`, which the policy tracks",
        hint: "fetch it, or name a revision with --to REV")
    }
    for revision in ["@{upstream}", "refs/remotes/\(deployment.remote)/HEAD", "HEAD"] {
      if let commit = try repository.commit(of: revision, interruption) { return commit }
    }
    throw RecoverError(
      .missingRequirement, "\(deployment.repository) has no commit yet", hint: "commit a first release, then deploy it")
  }
}
