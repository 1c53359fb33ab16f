internal import PostgresKit
internal import RecoverBase
package import RecoverCore

/// What the steps of a team's own procedure read from their plan.
package struct CustomBindings: Sendable, Hashable, Codable {
  package var services: [NamedService]
  package var health: [NamedHealth]
  package var databases: [NamedDatabase]

  /// Everything that a policy names: which step uses what is up to the steps.
  package init(_ policy: Policy) throws {
    services = policy.services.sorted { $0.key < $1.key }.map { NamedService(name: $0.key, policy: $0.value) }
    health = try policy.health.sorted { $0.key < $1.key }.map {
      try NamedHealth(name: $0.key, policy: $0.value, in: policy)
    }
    databases = try policy.databases.sorted { $0.key < $1.key }.map {
      NamedDatabase(
        name: $0.key, url: try ConnectionSettings($0.value.url).redactedURL, passwordFile: $0.value.passwordFile)
    }
  }
}

/// A database that `sql` steps can name.
package struct NamedDatabase: Sendable, Hashable, Codable {
  package var name: String
  package var url: String
  package var passwordFile: String?

  /// The database that a step names, or the only one of its plan.
  static func find(_ name: String?, _ planned: PlannedStep, _ plan: Plan) throws -> NamedDatabase {
    struct Bindings: Decodable { var databases: [NamedDatabase]? }
    let databases = try plan.bindings.decoded(as: Bindings.self).databases ?? []
    if let name, let found = databases.first(where: { $0.name == name }) { return found }
    guard name == nil, let only = databases.first, databases.count == 1 else {
      throw RecoverError(
        .policyInvalid, "step \(planned.id) (sql) names no database of the policy",
        hint: "the policy has \(databases.map(\.name).joined(separator: ", "))")
    }
    return only
  }
}

/// Plans a team's own procedure.
package struct CustomPlanner: Sendable {
  private let policy: Policy

  package init(policy: Policy) { self.policy = policy }

  /// The plan; the target is the procedure on this host.
  package func plan(_ procedure: Procedure, host: String) throws -> Plan {
    try Planner(templates: StepLibrary.templates).plan(
      procedure, target: Target(kind: .custom, identity: "\(host)/\(procedure.name)", name: procedure.name),
      environment: policy.environment, bindings: try JSONValue(encoding: CustomBindings(policy)))
  }
}
