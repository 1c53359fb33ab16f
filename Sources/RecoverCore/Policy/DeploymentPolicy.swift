/// A git working tree that is built and deployed by commands of its own.
package struct DeploymentPolicy: Sendable, Hashable, Codable {
  /// The working tree, absolute; the commands run in it.
  package var repository: String
  /// Builds the checked-out revision; nil where nothing is built.
  package var build: Invocation?
  /// Puts what was built into service.
  package var deploy: Invocation
  /// Names of the services that the deployment replaces.
  package var services: [String]
  /// Names of the checks that say whether it works.
  package var health: [String]

  package init(
    repository: String, build: Invocation? = nil, deploy: Invocation, services: [String] = [], health: [String] = []
  ) {
    self.repository = repository
    self.build = build
    self.deploy = deploy
    self.services = services
    self.health = health
  }
}
