internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `release.deploy`: switches the link, where there is one, and runs the policy's deploy command.
///
/// Its undo brings the release of before back, whole: commit, branch and stash, its build, its deployment. In this order,
/// because services are started after it, by the undo of `services.stop`.
struct DeployStep: Step {
  let drivers: StepDrivers

  static let crashPoints = ["switched"]

  func probe(_ context: StepContext) async throws -> ProbeResult {
    context.attempt == 0 ? .notDone : .partial("the deployment was under way")
  }

  /// Whether it was healthy; with services that are stopped before, their own step knows.
  func observe(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    let services = try ServicesWork(context.step, context.plan, drivers)
    var isHealthy = false
    if work.bindings.services.isEmpty { isHealthy = try await services.healthNow(context) }
    return try JSONValue(encoding: DeploySnapshot(wasHealthy: isHealthy))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    let bindings = work.bindings
    if let path = bindings.currentLink {
      try ReleaseLink(path: path).lead(to: bindings.release.short, mark: context.run.text)
      context.reporter.reach(Self.crashPoints[0])
    }
    try await work.run(
      bindings.deploy, "the deployment", kind: .service, for: bindings.release, replacing: bindings.serving,
      timeout: bindings.deployTimeout)
    return ["deployed": .string(bindings.release.short)]
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let bindings = try context.bindings(ReleaseBindings.self)
    guard let path = bindings.currentLink, ReleaseLink(path: path).target != bindings.release.short else {
      return .holds
    }
    return .fails("\(path) does not lead to \(bindings.release.short)")
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context, isUndo: true)
    let bindings = work.bindings
    if let path = bindings.currentLink {
      try ReleaseLink(path: path).lead(to: bindings.before?.link, mark: context.run.text)
    }
    let evidence = try await work.bringBack(redeploys: true)
    let snapshot = try (context.snapshot ?? .null).decoded(as: DeploySnapshot.self)
    if snapshot.wasHealthy { try await ServicesWork(context.step, context.plan, drivers).waitUntilHealthy(context) }
    return .object(evidence)
  }
}

/// How it was before a release was deployed.
struct DeploySnapshot: Sendable, Codable {
  /// Whether every health check passed, of a deployment whose services nobody stops.
  var wasHealthy: Bool
}
