package import RecoverBase
package import RecoverCore

/// What the steps of a rollback or a deployment read from their plan: everything resolved, nothing secret.
package struct ReleaseBindings: Sendable, Hashable, Codable {
  /// The deployment's name in the policy.
  package var name: String
  /// The work tree's top directory.
  package var repository: String
  /// The directory of its objects and refs, one for all its work trees.
  package var gitDirectory: String
  /// Where the directories of releases are; nil where releases are checked out in the work tree itself.
  package var releases: String?
  /// What is deployed.
  package var release: GitCommit
  /// The revision as it was asked for; nil where the default was taken.
  package var revision: String?
  /// Whether it was verified healthy before.
  package var wasVerified: Bool
  /// What was there when the plan was made; nil where nothing is deployed yet.
  package var before: ReleaseBefore?
  /// What the journal says is deployed, where something else is checked out: somebody pulled it, or looked at it.
  package var deployed: GitCommit?
  /// Whether changes to tracked files may be stashed.
  package var mayStash: Bool
  package var compatible: Invocation?
  package var build: Invocation?
  package var deploy: Invocation
  /// Added to the environment of the commands.
  package var environment: [String: String]
  @DurationText package var buildTimeout: Duration
  @DurationText package var deployTimeout: Duration
  /// How many directories of releases are kept.
  package var keep: Int
  /// The services that the deployment replaces, in the order in which they are stopped.
  package var services: [NamedService]
  /// The checks that say whether it works.
  package var health: [NamedHealth]
}

extension ReleaseBindings {
  /// Where a release of this deployment is built and deployed.
  package func directory(of commit: GitCommit) -> String { releases.map { "\($0)/\(commit.short)" } ?? repository }

  /// The release that is deployed when the run begins, and has to be again when it fails.
  ///
  /// What is checked out counts as deployed, unless the journal says that another one is (``deployed``).
  package var serving: GitCommit? { deployed ?? before?.commit }

  /// The link that leads to the release that serves; nil where releases are checked out in the work tree itself.
  package var currentLink: String? { releases.map { "\($0)/current" } }
}

/// The release that a run replaces, and how it was checked out.
package struct ReleaseBefore: Sendable, Hashable, Codable {
  package var commit: GitCommit
  /// The branch that was checked out; nil for a detached HEAD, and for a directory of its own.
  package var branch: String?
  /// What the link `current` led to; nil where releases are checked out in the work tree itself.
  package var link: String?

  package init(commit: GitCommit, branch: String? = nil, link: String? = nil) {
    self.commit = commit
    self.branch = branch
    self.link = link
  }
}
