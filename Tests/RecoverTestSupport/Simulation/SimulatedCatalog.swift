internal import RecoverBase
package import RecoverCore
internal import RecoverEngine

/// The steps of the simulated db procedure, bound to one process.
struct SimulatedCatalog: StepCatalog {
  let process: SimulatedProcess

  func step(for planned: PlannedStep, of plan: Plan) throws -> any Step {
    FaultyStep(base: try base(of: planned), process: process)
  }

  private func base(of planned: PlannedStep) throws -> any Step {
    switch planned.uses {
    case "database.inspect": InspectStep(process: process)
    case "database.create-beside": PrepareStep(process: process)
    case "services.stop": StopStep(process: process)
    case "database.fence": FenceStep(process: process)
    case "database.load": LoadStep(process: process)
    case "database.verify": ProveStep(process: process)
    case "database.swap": SwapStep(process: process)
    case "hooks.after-restore": AfterStep(process: process)
    case "services.start": StartStep(process: process)
    case "health.check": HealthStep(process: process)
    case "run.accept": AcceptStep(process: process)
    case "database.retire-previous": RetireStep(process: process)
    case "run.announce": AnnounceStep(process: process)
    case "wait-for-approval": ApprovalStep()
    default: throw RecoverError(.policyInvalid, "nobody simulates \(planned.uses)")
    }
  }
}

/// Nothing to do once somebody has approved.
private struct ApprovalStep: Step {
  func perform(_ context: StepContext) async throws -> JSONValue { .null }
}

/// The plan of the db procedure of design.md, section 4, as the simulation performs it.
package enum SimulatedProcedure {
  /// What varies.
  package struct Options: Sendable, Hashable {
    /// Whether somebody must approve before the application is stopped.
    package var needsApproval = false
    /// `--serve all`: the application is stopped only for the swap.
    package var stopsLate = false
    package var onExhausted = ProcedureStep.OnExhausted.fail

    package init(needsApproval: Bool = false, stopsLate: Bool = false, onExhausted: ProcedureStep.OnExhausted = .fail) {
      self.needsApproval = needsApproval
      self.stopsLate = stopsLate
      self.onExhausted = onExhausted
    }
  }

  /// A planted secret, which no record may hold (I12).
  package static let canary = "canary-7f3a"

  package static func plan(_ options: Options = Options()) -> Plan {
    var steps = [inspect, prepare]
    if options.needsApproval { steps.append(approval) }
    let closing = [stop, fence]
    if !options.stopsLate { steps += closing }
    steps += [load, prove]
    if options.stopsLate { steps += closing }
    steps += [swap, after, start, health, accept, retire, announce]
    for index in steps.indices { steps[index].onExhausted = options.onExhausted }
    return Plan(
      procedure: "db", target: Target(kind: .database, identity: "sim/app", name: "app"), environment: .staging,
      bindings: .null, steps: steps)
  }

  private static let retry = RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(4))

  private static func step(
    _ id: String, _ uses: String, _ kind: StepKind, holding resources: [String] = [], owing obligation: String? = nil,
    paidBy payers: [String] = []
  ) -> PlannedStep {
    PlannedStep(
      id: id, uses: uses, kind: kind, retry: retry, timeout: .seconds(60), deadline: .seconds(600),
      resources: resources, obligation: obligation, dischargedBy: payers)
  }

  // The application uses the live database: it is not started where closing or swapping it could not be undone.
  private static let inspect = step("inspect", "database.inspect", .readonly)
  private static let prepare = step("prepare", "database.create-beside", .compensable, holding: ["side"])
  private static let stop = step(
    "stop", "services.stop", .compensable, holding: ["service", "live"], owing: "the application is stopped",
    paidBy: ["start"])
  private static let fence = step(
    "fence", "database.fence", .compensable, holding: ["live"], owing: "the database is closed", paidBy: ["swap"])
  private static let load = step("load", "database.load", .compensable, holding: ["side"])
  private static let prove = step("prove", "database.verify", .readonly)
  private static let swap = step("swap", "database.swap", .compensable, holding: ["live", "side"])
  private static let after = step("after", "hooks.after-restore", .compensable, holding: ["cache"])
  private static let start = step(
    "start", "services.start", .compensable, holding: ["service", "live"])
  private static let health = step("health", "health.check", .readonly)
  private static let accept = step("accept", "run.accept", .pivot)
  private static let retire = step("retire", "database.retire-previous", .forward)
  private static let announce = step("announce", "run.announce", .finalizer)

  private static var approval: PlannedStep {
    var step = step("approve", "wait-for-approval", .readonly)
    step.approval = ApprovalTerms(message: "go on?", within: .seconds(20))
    return step
  }
}
