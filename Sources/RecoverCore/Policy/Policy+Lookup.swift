internal import RecoverBase

extension Policy {
  /// The database of a name.
  ///
  /// - Throws: ``RecoverError`` `usage` with the nearest name when there is none; so do the others.
  package func database(named name: String) throws -> DatabasePolicy {
    try Self.find(name, in: databases, kind: "database", otherwise: "or give a URL")
  }

  package func tree(named name: String) throws -> TreePolicy {
    try Self.find(name, in: trees, kind: "tree", otherwise: "or give a path, with a `/` in it")
  }

  package func deployment(named name: String) throws -> DeploymentPolicy {
    try Self.find(name, in: deployments, kind: "deployment")
  }

  package func service(named name: String) throws -> ServicePolicy {
    try Self.find(name, in: services, kind: "service")
  }

  package func healthCheck(named name: String) throws -> HealthPolicy {
    try Self.find(name, in: health, kind: "health check")
  }

  private static func find<Value>(
    _ name: String, in table: [String: Value], kind: String, otherwise: String? = nil
  ) throws -> Value {
    if let value = table[name] { return value }
    let known = table.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
    let list = known.isEmpty ? "the policy names none" : "the policy has \(known)"
    let fallback = otherwise.map { "\(list); \($0)" } ?? list
    throw RecoverError(
      .usage, "no \(kind) `\(name)` in the policy", hint: NearestName.hint(name, among: table.keys) ?? fallback)
  }
}
