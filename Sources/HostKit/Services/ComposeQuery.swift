internal import RecoverBase

/// Questions to Compose that change nothing.
struct ComposeQuery: Sendable {
  let tool: ComposeTool
  let project: ComposeProject
  let context: ChildContext
  let deadline: Deadline
  /// The project's name as its containers have it; nil where it is not known yet.
  var label: String?

  /// At most so much of an answer is read; a container takes about 2 kB of it.
  private static let answerLimitBytes = 4 << 20

  /// All containers of the project, in no order, also those that do not run.
  ///
  /// Never of one service only: Compose 2 before 2.21 calls a service that has no container unknown, and
  /// podman-compose has no such argument.
  ///
  /// - Throws: ``RecoverError`` `checkFailed` when there was no readable answer, `interrupted`.
  func containers() async throws -> [ComposeContainer] {
    switch tool.form {
    case .json:
      return try ComposeContainer.parse(psJSON: await ask(project.command(tool, ["ps", "--all", "--format", "json"])))
    case .inspect(let engine):
      // Compose 1.29 needs half a second for what its engine tells in a tenth of that, and users wait meanwhile.
      var ids: [String] = []
      if let label { ids = try await self.ids(engine, label: label) }
      if ids.isEmpty { ids = try ComposeContainer.parse(ids: await ask(project.command(tool, ["ps", "-q"]))) }
      guard !ids.isEmpty else { return [] }
      let template = ComposeContainer.inspectTemplate
      let inspect = Command(
        [engine, "inspect", "--type", "container", "--format", template] + ids, environment: project.environment,
        directory: project.directory)
      return try ComposeContainer.parse(inspect: await ask(inspect))
    }
  }

  /// The containers of the project, or of one of its services, by the labels that Compose gives them.
  func ids(_ engine: String, label: String, service: String? = nil) async throws -> [String] {
    let labels =
      [(ComposeContainer.projectLabel, label)] + (service.map { [(ComposeContainer.serviceLabel, $0)] } ?? [])
    let list = Command(
      [engine, "ps", "--all", "--quiet", "--no-trunc"] + labels.flatMap { ["--filter", "label=\($0.0)=\($0.1)"] },
      environment: project.environment, directory: project.directory)
    return try ComposeContainer.parse(ids: await ask(list))
  }

  /// The names of the project's services.
  ///
  /// - Throws: as ``containers()``.
  func services() async throws -> [String] {
    let answer = try await ask(project.command(tool, ["config", "--services"]))
    return String(decoding: answer, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init).sorted()
  }

  private func ask(_ command: Command) async throws -> [UInt8] {
    let result = try await ChildProcess.run(
      command, kind: .probe, in: context, deadline: deadline, outputBytes: Self.answerLimitBytes)
    switch result.ending {
    case .exited(0) where !result.outputIsCut: return result.output
    case .exited(0):
      throw RecoverError(.checkFailed, "\(command.program) answered with more than \(Self.answerLimitBytes) bytes")
    case .interrupted: throw RecoverError(.interrupted, "stopped while asking Compose")
    case .exited, .signalled, .timedOut, .lost:
      throw RecoverError(.checkFailed, "\(command.program) \(result.summary)")
    }
  }
}
