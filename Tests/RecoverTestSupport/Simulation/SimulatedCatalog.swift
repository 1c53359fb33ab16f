internal import RecoverBase
internal import RecoverCore
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
    case "database.analyze": AnalyzeStep(process: process)
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
