internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.analyze`: collects the planner's statistics of the side database, so that the first queries after the
/// swap do not run blind (PostgreSQL, 14.4.9).
struct AnalyzeStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func probe(_ context: StepContext) async throws -> ProbeResult { .notDone }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await DatabaseWork(context, drivers).onSide { connection, _ in
      _ = try connection.execute("ANALYZE")
    }
    return .null
  }

  /// Statistics go with the side database.
  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .absent }
}
