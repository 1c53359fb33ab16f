internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `services.stop`: stops the services that use the target, and owes their start.
///
/// Only those that ran are stopped, and only those are started again.
struct ServicesStop: Step {
  let work: ServicesWork

  func guardReason(_ context: StepContext) async throws -> String? {
    work.services.isEmpty ? "no services are named" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    // Services that nobody stopped for this run are not taken as stopped by it: starting them is not owed.
    guard context.attempt > 0 else { return .notDone }
    let running = try await work.names(in: ServiceState.Phase.alive, context)
    if running.isEmpty { return .done(try evidence(context)) }
    return .partial("still running: \(running.joined(separator: ", "))")
  }

  func observe(_ context: StepContext) async throws -> JSONValue {
    let running = try await work.names(in: ServiceState.Phase.alive, context)
    let health = try await work.healthNow(context)
    return try JSONValue(encoding: ServicesSnapshot(running: running, wereHealthy: health))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    for name in try snapshot(context).running { try await work.stop(name, context) }
    return try evidence(context)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let running = try await work.names(in: ServiceState.Phase.alive, context)
    return running.isEmpty ? .holds : .fails("still running: \(running.joined(separator: ", "))")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let snapshot = try snapshot(context)
    let running = Set(try await work.names(in: [.running], context))
    guard snapshot.running.allSatisfy(running.contains) else { return .present }
    // What runs and is not as healthy as it was is not back: an undo that failed at this would be taken as done.
    if snapshot.wereHealthy, try await !work.healthNow(context) { return .present }
    return .absent
  }

  /// Starts what ran before, and waits until it is as healthy as it was.
  func undo(_ context: StepContext) async throws -> JSONValue {
    let snapshot = try snapshot(context)
    for name in snapshot.running.reversed() { try await work.start(name, context) }
    if snapshot.wereHealthy { try await work.waitUntilHealthy(context) }
    return try JSONValue(encoding: ["started": snapshot.running])
  }

  private func snapshot(_ context: StepContext) throws -> ServicesSnapshot {
    try (context.snapshot ?? .null).decoded(as: ServicesSnapshot.self)
  }

  private func evidence(_ context: StepContext) throws -> JSONValue {
    try JSONValue(encoding: ["stopped": try snapshot(context).running])
  }
}

/// What ran before the run touched the services.
struct ServicesSnapshot: Sendable, Codable {
  /// The names of the services that ran, in the order of the policy.
  var running: [String]
  /// Whether every health check passed; a rollback owes no more health than there was.
  var wereHealthy: Bool
}
