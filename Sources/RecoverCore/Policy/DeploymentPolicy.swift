/// A git work tree that is built and deployed by commands of its own.
package struct DeploymentPolicy: Sendable, Hashable, Codable {
  package static let defaultKeep = 5
  package static let defaultRemote = "origin"
  package static let defaultTimeout = Duration.seconds(3600)

  /// The work tree's top directory, absolute; the commands run in it, or in the release's own directory.
  package var repository: String
  package var strategy: Strategy
  /// Where the directories of releases are, and the link `current` to one of them; only for ``Strategy/worktree``.
  package var releases: String?
  /// Where new revisions come from.
  package var remote: String
  /// What `recover deploy` takes when no revision is named, for instance `origin/main`; nil: what the checked-out branch
  /// follows.
  package var track: String?
  /// Says by exit status 0 or 1 whether one release can take the place of another: whether migrations allow it, say.
  package var compatible: Invocation?
  /// Builds the checked-out revision; nil where nothing is built.
  package var build: Invocation?
  /// Puts what was built into service.
  package var deploy: Invocation
  /// Added to the environment of the three commands; stored with the plan, so no place for secrets.
  package var environment: [String: String]
  @DurationText package var buildTimeout: Duration
  @DurationText package var deployTimeout: Duration
  /// How many directories of releases are kept, the current one included; at least 2.
  package var keep: Int
  /// Names of the services that the deployment replaces.
  package var services: [String]
  /// Names of the checks that say whether it works.
  package var health: [String]

  package init(
    repository: String, strategy: Strategy = .checkout, releases: String? = nil, remote: String = Self.defaultRemote,
    track: String? = nil, compatible: Invocation? = nil, build: Invocation? = nil, deploy: Invocation,
    environment: [String: String] = [:], buildTimeout: Duration = Self.defaultTimeout,
    deployTimeout: Duration = Self.defaultTimeout, keep: Int = Self.defaultKeep, services: [String] = [],
    health: [String] = []
  ) {
    self.repository = repository
    self.strategy = strategy
    self.releases = releases
    self.remote = remote
    self.track = track
    self.compatible = compatible
    self.build = build
    self.deploy = deploy
    self.environment = environment
    self.buildTimeout = buildTimeout
    self.deployTimeout = deployTimeout
    self.keep = keep
    self.services = services
    self.health = health
  }

  enum CodingKeys: String, CodingKey {
    case repository, strategy, releases, remote, track, compatible, build, deploy, environment
    case buildTimeout = "build-timeout"
    case deployTimeout = "deploy-timeout"
    case keep, services, health
  }
}

extension DeploymentPolicy {
  /// How a release gets to where it runs.
  package enum Strategy: String, Sendable, Hashable, Codable, CaseIterable {
    /// In the work tree itself, with HEAD detached.
    case checkout
    /// In a directory of its own, to which the link `current` is switched atomically.
    case worktree
  }
}
