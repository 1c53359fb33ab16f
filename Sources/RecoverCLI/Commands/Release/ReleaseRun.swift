internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// A rollback or a deployment on its way from the command line to a run.
struct ReleaseRun {
  let request: ReleaseRequest
  /// Whether new revisions are fetched first.
  var fetches = false
  let action: ActionOptions
  let global: GlobalOptions

  func perform() async throws -> ExitStatus {
    let composition = try Composition(global)
    let policies = try composition.policies(global)
    let planner = ReleasePlanner(policy: policies.policy, host: composition.identity.host)
    let (name, deployment) = try planner.deployment(request.deployment)
    let target = try await planner.target(name, deployment)
    let store = try composition.existingStore()
    try await requireUnclaimed(target, store)
    try await planner.requireFree(target)
    var history = ReleaseHistory()
    if let store { history = try await ReleaseHistory(of: name, target: target.key, in: store) }
    if fetches { try await planner.fetch(deployment) }
    let outcome = try await planner.plan(
      request, history: history, target: target,
      procedure: try policies.procedure(named: request.purpose.rawValue))
    switch outcome {
    case .nothingToDo(let text): return try Answer(text: global.place.placed(text)).write(global)
    case .plan(let plan):
      return try await PlannedRun(composition: composition, global: global, action: action)
        .confirmAndPerform(plan, drivers: composition.drivers())
    }
  }

  /// In the middle of a run, neither the work tree nor the link says what is deployed.
  private func requireUnclaimed(_ target: Target, _ store: (any RunStore)?) async throws {
    guard let run = try await store?.runs(of: target.key).first(where: { !$0.isTerminal }) else { return }
    throw RecoverError(
      .claimed, "\(target.name) is claimed by run \(run.run), which is \(run.state)",
      hint: "recover show \(run.run) tells more; recover resume \(run.run) goes on, recover cancel \(run.run) goes back"
    )
  }
}
