/// What a policy's environment file says: the things that can be recovered, and what stands around them.
///
/// Its JSON form is the file's own form, with every default filled in and every relative path made absolute.
/// Names are unique within their kind; lists keep their order.
package struct Policy: Sendable, Hashable, Codable {
  package var environment: Environment
  /// The directory of the backups, absolute; nil where the policy has none.
  package var repository: String?
  package var databases: [String: DatabasePolicy]
  package var trees: [String: TreePolicy]
  package var deployments: [String: DeploymentPolicy]
  package var services: [String: ServicePolicy]
  package var health: [String: HealthPolicy]

  /// With no arguments: what holds where there is no policy.
  package init(
    environment: Environment = .unspecified, repository: String? = nil, databases: [String: DatabasePolicy] = [:],
    trees: [String: TreePolicy] = [:], deployments: [String: DeploymentPolicy] = [:],
    services: [String: ServicePolicy] = [:], health: [String: HealthPolicy] = [:]
  ) {
    self.environment = environment
    self.repository = repository
    self.databases = databases
    self.trees = trees
    self.deployments = deployments
    self.services = services
    self.health = health
  }
}
