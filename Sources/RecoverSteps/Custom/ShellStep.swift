internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `shell`: a command of the team's own, with a probe that says whether its effect is there and an undo.
struct ShellStep: Step {
  let run: Invocation
  let probe: Invocation?
  let undo: Invocation?
  let workingDirectory: String?
  let environment: [String: String]
  let timeout: Duration?

  var isInterruptible: Bool { true }

  init(_ planned: PlannedStep) throws {
    run = try planned.invocation("run", required: true) ?? .shell("true")
    probe = try planned.invocation("probe")
    undo = try planned.invocation("undo")
    workingDirectory = planned.with["working-directory"]?.string
    environment = planned.with["environment"]?.object?.compactMapValues(\.string) ?? [:]
    timeout = planned.timeout
  }

  /// With a probe: exit status 0 means done, 1 not done, 2 half done, any other that nobody can tell.
  ///
  /// Without one a step that was begun is taken as half done, and run again.
  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard let probe else { return context.attempt == 0 ? .notDone : .partial("it was begun and has no probe") }
    let result = try await execute(probe, kind: .probe, context)
    switch result.ending {
    case .exited(0): return .done(.null)
    case .exited(1): return .notDone
    case .exited(2): return .partial("the probe says that it is half done")
    case .exited, .signalled, .lost, .timedOut: return .unknown("the probe \(result.summary)")
    case .interrupted: throw RecoverError(.interrupted, "stopped while probing")
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let result = try await execute(run, kind: .run, context)
    try result.requireSuccess("step \(context.step.id)", logFile: context.logFile)
    return ["exit": 0]
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    guard let probe else { return .holds }
    let result = try await execute(probe, kind: .probe, context)
    guard case .exited(0) = result.ending else { return .fails("the probe \(result.summary)") }
    return .holds
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    guard let undo else {
      throw RecoverError(
        .needsOperator, "step \(context.step.id) has no undo: what it did stands",
        hint: "take it back by hand, then recover abandon \(context.run); or give the step an undo")
    }
    let result = try await execute(undo, kind: .run, context)
    try result.requireSuccess("the undo of step \(context.step.id)", logFile: context.logFile)
    return ["exit": 0]
  }

  private func execute(_ invocation: Invocation, kind: ChildKind, _ context: StepContext) async throws -> ChildResult {
    try context.makeDirectory()
    let command = Command(
      invocation.argumentVector, environment: environment, directory: workingDirectory)
    return try await ChildProcess.run(
      command, kind: kind, in: ChildContext(context), deadline: timeout.map { .after($0) })
  }
}

extension PlannedStep {
  /// A parameter that is a command.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` when it is missing though required, or no command.
  func invocation(_ name: String, required: Bool = false) throws -> Invocation? {
    guard let value = with[name] else {
      guard required else { return nil }
      throw RecoverError(.policyInvalid, "step \(id) (\(uses)) needs the parameter \(name)")
    }
    guard let invocation = try? value.decoded(as: Invocation.self) else {
      throw RecoverError(.policyInvalid, "\(name) of step \(id) is no command")
    }
    return invocation
  }
}
