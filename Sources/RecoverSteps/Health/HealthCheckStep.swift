internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `health.check`: waits until every named check has passed as often in a row as the policy wants.
struct HealthCheckStep: Step {
  let work: ServicesWork

  var isInterruptible: Bool { true }

  func guardReason(_ context: StepContext) async throws -> String? {
    work.health.isEmpty ? "no health checks are named" : nil
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await work.waitUntilHealthy(context)
    return try JSONValue(encoding: ["healthy": work.health.map(\.name)])
  }
}
