internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `services.start`: starts the services of the target, also those that were down before.
///
/// What was broken is mended now. Its undo stops them again, and the undo of `services.stop` starts what ran before.
struct ServicesStart: Step {
  let work: ServicesWork

  private var names: [String] { work.services.map(\.name) }

  func guardReason(_ context: StepContext) async throws -> String? {
    work.services.isEmpty ? "no services are named" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard context.attempt > 0 else { return .notDone }
    let running = Set(try await work.names(in: [.running], context))
    let missing = names.filter { !running.contains($0) }
    return missing.isEmpty ? .done(.null) : .partial("not running: \(missing.joined(separator: ", "))")
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    for name in names.reversed() { try await work.start(name, context) }
    return try JSONValue(encoding: ["started": names])
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let running = Set(try await work.names(in: [.running, .starting], context))
    let missing = names.filter { !running.contains($0) }
    return missing.isEmpty ? .holds : .fails("not running: \(missing.joined(separator: ", "))")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    try await work.names(in: ServiceState.Phase.alive, context).isEmpty ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    for name in names { try await work.stop(name, context) }
    return try JSONValue(encoding: ["stopped": names])
  }
}
