internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `services.start`: starts the services that `services.stop` stopped; its undo stops them again.
struct ServicesStart: Step {
  let work: ServicesWork

  func guardReason(_ context: StepContext) async throws -> String? {
    try stopped(context).isEmpty ? "no service was stopped by this run" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard context.attempt > 0 else { return .notDone }
    let running = Set(try await work.names(in: [.running], context))
    let missing = try stopped(context).filter { !running.contains($0) }
    return missing.isEmpty ? .done(.null) : .partial("not running: \(missing.joined(separator: ", "))")
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let names = try stopped(context)
    for name in names.reversed() { try await work.start(name, context) }
    return try JSONValue(encoding: ["started": names])
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let running = Set(try await work.names(in: [.running, .starting], context))
    let missing = try stopped(context).filter { !running.contains($0) }
    return missing.isEmpty ? .holds : .fails("not running: \(missing.joined(separator: ", "))")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    try await work.names(in: [.running, .starting], context).isEmpty ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let names = try stopped(context)
    for name in names { try await work.stop(name, context) }
    return try JSONValue(encoding: ["stopped": names])
  }

  /// The services that this run stopped.
  private func stopped(_ context: StepContext) throws -> [String] {
    let stop = context.plan.steps.first { $0.uses == "services.stop" }
    guard let stop, let snapshot = context.snapshots[stop.id] else { return [] }
    return try snapshot.decoded(as: ServicesSnapshot.self).running
  }
}
