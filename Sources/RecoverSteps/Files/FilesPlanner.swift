internal import ArchiveKit
internal import RecoverBase
package import RecoverCore

/// Resolves a request into the plan of a restore of files: looks at the target, changes nothing.
package struct FilesPlanner: Sendable {
  private let policy: Policy
  private let host: String

  package init(policy: Policy, host: String) {
    self.policy = policy
    self.host = host
  }

  /// The plan for a request, with the steps of a procedure; blocking.
  ///
  /// - Throws: ``RecoverError`` `unreachable`, `wrongTarget`, `backupRefused` for what is no tar archive.
  package func plan(_ request: FilesRequest, procedure: Procedure) throws -> Plan {
    let place = try FilesPlace(request.target)
    let isWhole = request.treeName != nil || request.mirrors
    // Names that stay need not trade places.
    let scope: FilesBindings.Scope =
      !isWhole || place.isMountPoint && request.overlays ? .entries : place.isMountPoint ? .contents : .whole
    let home = scope == .whole ? FilesPlace.parent(of: place.path) : place.path
    guard let identity = try TreeExchange.identity(home) else {
      throw RecoverError(.drifted, "\(home) is not there any more")
    }
    let named = try request.treeName.map { try policy.tree(named: $0) }
    let around = trees(around: place.path)
    let bindings = FilesBindings(
      backup: try Self.reference(request.archive), target: place.path, linkedFrom: place.linkedFrom, home: home,
      homeIdentity: identity, scope: scope, isMountPoint: place.isMountPoint, selection: request.selection,
      mirrors: request.selection == nil ? nil : request.mirrors, overlays: request.overlays ? true : nil,
      allowsHolders: request.allowsHolders ? true : nil,
      extraction: request.extraction, budget: request.budget,
      keepPrevious: named?.keepPrevious ?? DatabasePolicy.defaultRetention,
      keepFailed: named?.keepFailed ?? DatabasePolicy.defaultRetention,
      services: try Self.unique(around.flatMap(\.tree.services))
        .map { NamedService(name: $0, policy: try policy.service(named: $0)) },
      health: try Self.unique(around.flatMap(\.tree.health))
        .map { NamedHealth(name: $0, policy: try policy.healthCheck(named: $0)) }
        .map { try NamedHealth(name: $0.name, policy: $0.policy, in: policy) },
      trees: around.map(\.name))
    return try Planner(templates: StepLibrary.templates).plan(
      try Self.fit(procedure, request), target: target(bindings, name: request.treeName),
      environment: policy.environment,
      bindings: try JSONValue(encoding: bindings))
  }

  /// Without the step that copies what stays, where nothing is to.
  private static func fit(_ procedure: Procedure, _ request: FilesRequest) throws -> Procedure {
    var procedure = procedure
    guard request.overlays else {
      procedure.steps.removeAll { $0.uses == "files.overlay" }
      return procedure
    }
    guard procedure.steps.contains(where: { $0.uses == "files.overlay" }) else {
      throw RecoverError(
        .policyInvalid, "the procedure \(procedure.name) has no step that uses files.overlay, which --overlay needs",
        hint: "put it between files.stage and files.prove")
    }
    return procedure
  }

  /// The unit of claims: the directory, whatever it is called.
  private func target(_ bindings: FilesBindings, name: String?) -> Target {
    let directory = "\(host)/\(bindings.homeIdentity.device):\(bindings.homeIdentity.inode)"
    return Target(
      kind: .tree, identity: bindings.scope == .whole ? "\(directory)/\(bindings.name)" : directory,
      name: name ?? bindings.target)
  }

  /// The trees of the policy that lie in a directory, and those that it lies in: all their services use what is replaced.
  private func trees(around path: String) -> [(name: String, tree: TreePolicy)] {
    policy.trees.sorted { $0.key < $1.key }.filter { _, tree in
      let other = FilesPlace.resolved(tree.path)
      return FilesPlace.isInside(path, other) || FilesPlace.isInside(other, path)
    }.map { (name: $0.key, tree: $0.value) }
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  static func reference(_ archive: String) throws -> BackupReference {
    let state = try TarFile(path: archive).state()
    return BackupReference(
      path: archive, sizeBytes: state.sizeBytes, modifiedNanoseconds: state.modifiedNanoseconds)
  }
}
