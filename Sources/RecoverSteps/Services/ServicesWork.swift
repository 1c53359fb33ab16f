internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the steps around services and their health have in common: which they are, and how to ask and order.
struct ServicesWork: Sendable {
  let services: [NamedService]
  let health: [NamedHealth]
  let drivers: StepDrivers

  /// The part of any plan's bindings that names services and checks.
  private struct Bindings: Decodable {
    var services: [NamedService]?
    var health: [NamedHealth]?
  }

  /// The services and checks of a plan; of these, those that the step's `with` names, if it names any.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` for a name that the plan does not have.
  init(_ planned: PlannedStep, _ plan: Plan, _ drivers: StepDrivers) throws {
    let bindings = try plan.bindings.decoded(as: Bindings.self)
    services = try Self.select(planned.names("services"), of: bindings.services ?? [], named: \.name, planned)
    health = try Self.select(planned.names("health"), of: bindings.health ?? [], named: \.name, planned)
    self.drivers = drivers
  }

  private static func select<Item>(
    _ names: [String]?, of items: [Item], named: (Item) -> String, _ planned: PlannedStep
  ) throws -> [Item] {
    guard let names else { return items }
    return try names.map { name in
      guard let item = items.first(where: { named($0) == name }) else {
        throw RecoverError(.policyInvalid, "step \(planned.id) names \(name), which the policy does not have")
      }
      return item
    }
  }
}

extension PlannedStep {
  /// A parameter that is a list of names; nil when it is not given.
  fileprivate func names(_ parameter: String) -> [String]? { with[parameter]?.array?.compactMap(\.string) }
}

// MARK: - Services

extension ServicesWork {
  /// The names of the services that are in one of the phases, in their order.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when nobody can tell how one of them is: that is never taken for stopped.
  func names(in phases: Set<ServiceState.Phase>, _ context: StepContext) async throws -> [String] {
    try context.makeDirectory()
    var names: [String] = []
    for service in services {
      let state = try await drivers.service(service).status(in: ChildContext(context))
      guard state.phase != .unknown else {
        throw RecoverError(
          .unreachable, "can't tell whether service \(service.name) runs: \(state.detail)",
          hint: "check the service's status command or its Compose project; its output is in \(context.logFile)")
      }
      if phases.contains(state.phase) { names.append(service.name) }
    }
    return names
  }

  func start(_ name: String, _ context: StepContext) async throws {
    guard let service = services.first(where: { $0.name == name }) else { return }
    try context.makeDirectory()
    do {
      try await drivers.service(service).start(in: ChildContext(context))
    } catch {
      await copyLogs(of: [service], context)
      throw error
    }
  }

  /// Appends what services logged last to the log of the step: people look there when they do not work.
  func copyLogs(of services: [NamedService], _ context: StepContext) async {
    guard (try? context.makeDirectory()) != nil else { return }
    for service in services {
      await drivers.service(service).copyLog(
        lines: Self.logLines, in: ChildContext(context), deadline: .after(service.policy.statusTimeout))
    }
  }

  private static let logLines = 20

  func stop(_ name: String, _ context: StepContext) async throws {
    guard let service = services.first(where: { $0.name == name }) else { return }
    try context.makeDirectory()
    try await drivers.service(service).stop(in: ChildContext(context))
  }
}
