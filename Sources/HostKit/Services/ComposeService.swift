package import RecoverBase

/// A service of a Compose project, driven by whichever Compose is installed.
package struct ComposeService: ServiceDriver {
  package let name: String
  package let limits: ServiceLimits
  private let project: ComposeProject
  private let service: String
  private let orders: ComposeOrders
  private let locator: ComposeLocator

  /// - Parameters:
  ///   - name: the service's name in the policy.
  ///   - service: its name in the project's files.
  package init(
    name: String, project: ComposeProject, service: String, orders: ComposeOrders = ComposeOrders(),
    locator: ComposeLocator, limits: ServiceLimits = ServiceLimits()
  ) {
    self.name = name
    self.limits = limits
    self.project = project
    self.service = service
    self.orders = orders
    self.locator = locator
  }

  /// How the containers of the service are.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` when the project has no such service: a misspelt one would
  ///   look like one that is stopped. `interrupted`; `missingRequirement` without any Compose.
  package func status(in context: ChildContext, deadline: Deadline) async throws -> ServiceState {
    let tool = try await locator.tool(in: context, deadline: deadline)
    let ask = ComposeQuery(
      tool: tool, project: project, context: context, deadline: deadline, label: await locator.label(of: project))
    do {
      let all = try await ask.containers()
      if let label = all.first(where: { !$0.project.isEmpty })?.project { await locator.remember(label, of: project) }
      let containers = all.filter { $0.service == service && !$0.isOneOff }
      if containers.isEmpty { try await requireService(ask) }
      return ComposeContainer.state(of: containers, scale: orders.scale)
    } catch let error as RecoverError where error.code == .checkFailed || error.code == .unreachable {
      return ServiceState(.unknown, error.message)
    }
  }

  /// Runs `start`, or `up` as ``ComposeOrders`` says.
  package func orderStart(from state: ServiceState, in context: ChildContext, deadline: Deadline) async throws {
    let isAbsent = state == ServiceState(.stopped, ComposeContainer.noContainer)
    try await order(
      orders.startWords(service, isAbsent: isAbsent), "the start of service \(name)", kind: .service, in: context,
      deadline: deadline)
  }

  /// Runs `stop`, and `kill` when that does not end in time.
  ///
  /// A `stop` that is only given up goes on in the engine, for as long as the file's `stop_grace_period` says: it would
  /// end the containers after the run went back and started them again. So the last of the time, a quarter and at most
  /// ten seconds, belongs to `kill`, with which that `stop` is over too.
  package func orderStop(in context: ChildContext, deadline: Deadline) async throws {
    let what = "the stop of service \(name)"
    let left = deadline.remaining
    let patience = Deadline(.now + (left - min(left / 4, .seconds(10))))
    do {
      try await order(["stop", service], what, kind: .run, in: context, deadline: patience)
    } catch let error as RecoverError where error.code == .timedOut {
      try await order(["kill", service], what, kind: .run, in: context, deadline: deadline)
    }
    if orders.stop == .down { try await remove(in: context, deadline: deadline) }
  }

  /// Removes the containers, which are stopped; podman-compose has no order for that.
  private func remove(in context: ChildContext, deadline: Deadline) async throws {
    let what = "the removal of the containers of service \(name)"
    let tool = try await locator.tool(in: context, deadline: deadline)
    guard case .inspect(engine: let engine) = tool.form, engine != "docker" else {
      return try await order(["rm", "--force", service], what, kind: .run, in: context, deadline: deadline)
    }
    guard let label = await locator.label(of: project) else { return }
    let ask = ComposeQuery(tool: tool, project: project, context: context, deadline: deadline)
    let ids = try await ask.ids(engine, label: label, service: service)
    guard !ids.isEmpty else { return }
    let command = Command(
      [engine, "rm", "--force"] + ids, environment: project.environment, directory: project.directory)
    try await ChildProcess.run(command, kind: .run, in: context, deadline: deadline)
      .requireSuccess(what, logFile: context.logFile)
  }

  package func copyLog(lines: Int, in context: ChildContext, deadline: Deadline) async {
    guard let tool = try? await locator.tool(in: context, deadline: deadline) else { return }
    // podman-compose colours nothing, and knows no such option.
    let plain = tool.command == ["podman-compose"] ? [] : ["--no-color"]
    let words = ["logs"] + plain + ["--tail", "\(lines)", service]
    await copyLog(project.command(tool, words), in: context, deadline: deadline)
  }

  private func order(
    _ words: [String], _ what: String, kind: ChildKind, in context: ChildContext, deadline: Deadline
  ) async throws {
    let tool = try await locator.tool(in: context, deadline: deadline)
    let command = project.command(tool, words)
    let result = try await ChildProcess.run(command, kind: kind, in: context, deadline: deadline)
    try result.requireSuccess(what, logFile: context.logFile)
  }

  private func requireService(_ ask: ComposeQuery) async throws {
    let known = try await ask.services()
    guard !known.contains(service) else { return }
    let files = project.files.joined(separator: ", ")
    throw RecoverError(
      .policyInvalid, "service \(name): the Compose project of \(files) has no service `\(service)`",
      hint: NearestName.hint(service, among: known) ?? "it has \(known.map { "`\($0)`" }.joined(separator: ", "))")
  }
}
