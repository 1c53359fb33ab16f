internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.analyze`: collects the planner's statistics of the side database, so that the first queries after the
/// swap do not run blind (PostgreSQL, 14.4.9); of single tables that are exchanged, theirs alone.
struct AnalyzeStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func probe(_ context: StepContext) async throws -> ProbeResult { .notDone }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    if work.bindings.exchange != nil {
      let tables = try TablesWork(context, drivers)
      let names = tables.tables.map { Quoting.identifier(tables.places.schema(.side, of: $0.schema ?? ""), $0.name) }
      try await tables.onLive { connection, _ in
        _ = try connection.execute("ANALYZE \(names.joined(separator: ", "))")
      }
      return .null
    }
    try await work.onSide { connection, _ in
      _ = try connection.rows(Self.impatience)
      _ = try connection.execute("ANALYZE")
    }
    return .null
  }

  /// Lets autovacuum give way at once, where the role is a superuser, who alone may set this.
  ///
  /// Autovacuum ends itself when a session has waited `deadlock_timeout` for it: by default a second for each table
  /// that was just loaded (PostgreSQL, 20.12 and 25.1.6). For others the condition keeps the call from being made.
  private static let impatience =
    "SELECT set_config('deadlock_timeout', '10ms', false) FROM pg_roles WHERE rolname = current_user AND rolsuper"

  /// Statistics go with the side database.
  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .absent }
}
