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
    case .nothingToDo(let text, let release):
      let health = try await health(of: deployment, release, text, policies.policy, composition)
      return try Answer(text: global.place.placed(text) + health).write(global)
    case .plan(let plan):
      return try await PlannedRun(composition: composition, global: global, action: action)
        .confirmAndPerform(plan, drivers: composition.drivers())
    }
  }

  /// Looks at the health of what is deployed already: nothing to do is wrong where it does not work.
  ///
  /// - Returns: what is to be added to the text.
  /// - Throws: ``RecoverError`` `checkFailed` where a check does not pass.
  private func health(
    of deployment: DeploymentPolicy, _ release: GitCommit, _ text: String, _ policy: Policy, _ composition: Composition
  ) async throws -> String {
    guard !deployment.health.isEmpty else { return "; no health check is named that could say whether it works" }
    let outcomes = try await HealthLog.with { log in
      try await HealthLook(deployment.health, in: policy, drivers: composition.drivers(), logFile: log)
        .look(waits: false)
    }
    let troubles = outcomes.filter { !$0.isHealthy }.map { "\($0.name): \($0.reason ?? "it did not pass")" }
    guard !troubles.isEmpty else { return "; its health checks pass" }
    throw RecoverError(
      .checkFailed,
      "release \(release.short) (\(release.subject)) is deployed already, and is not healthy: "
        + troubles.joined(separator: "; "),
      hint: "recover deploy --to \(release.short) --again builds and deploys it once more; "
        + "recover rollback goes back to the one before")
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
