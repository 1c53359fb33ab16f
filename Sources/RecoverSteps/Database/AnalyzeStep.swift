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
      _ = try connection.execute("ANALYZE (SKIP_LOCKED)")
      // Those on which autovacuum was at work: it may have been a VACUUM alone.
      let left = try connection.rows(Self.notAnalyzed).compactMap { $0[0] }
      for table in left { _ = try connection.execute("ANALYZE \(table)") }
    }
    return .null
  }

  /// Tables with rows of whose columns nothing is known.
  private static let notAnalyzed = """
    SELECT c.oid::regclass FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relnatts > 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND pg_catalog.pg_relation_size(c.oid) > 0
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_stats AS s WHERE s.schemaname = n.nspname AND s.tablename = c.relname)
      AND pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY c.oid
    """

  /// Lets autovacuum give way at once, where the role is a superuser, who alone may set this.
  ///
  /// Autovacuum ends itself when a session has waited `deadlock_timeout` for it: by default a second for each table
  /// that was just loaded (PostgreSQL, 20.12 and 25.1.6). For others the condition keeps the call from being made.
  private static let impatience =
    "SELECT set_config('deadlock_timeout', '10ms', false) FROM pg_roles WHERE rolname = current_user AND rolsuper"

  /// Statistics go with the side database.
  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .absent }
}
