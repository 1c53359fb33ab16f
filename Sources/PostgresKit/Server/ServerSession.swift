package import RecoverBase

/// A session of the server, as far as our role may see it (PostgreSQL, "pg_stat_activity").
package struct ServerSession: Sendable, Hashable, Codable {
  package var pid: Int32
  package var databaseOID: UInt32?
  package var database: String?
  package var user: String?
  package var applicationName: String
  /// Nil for a unix socket, and where our role may not see it; so are those below.
  package var clientAddress: String?
  package var state: String?
  package var backendType: String?
  package var startedAt: WallTime?
  package var transactionStartedAt: WallTime?
  /// Whether PostgreSQL lets our role end it.
  package var isTerminable: Bool

  /// `pid 4711, psql as app from 10.0.0.7`, for messages.
  package var description: String {
    let program = applicationName.isEmpty ? "a session" : applicationName
    let place = clientAddress.map { " from \($0)" } ?? ""
    return "pid \(pid), \(program) as \(user ?? "nobody")\(place)"
  }
}

extension ServerSession {
  /// Which sessions are meant.
  package enum Selection: Sendable, Hashable {
    /// Everybody in one of the databases but ourselves. Background processes without a role (autovacuum) are left out:
    /// DROP and RENAME end those themselves.
    case databases([UInt32])
    /// Those of a run's epochs below this one, by `application_name`: `recover/<run>/<epoch>`, and what follows a
    /// further slash.
    case run(String, before: Int64)
    /// One backend, told from another with a reused pid by its start.
    case backend(pid: Int32, startedAt: WallTime)

    var condition: String {
      switch self {
      case .databases(let oids):
        "a.datid = ANY ('\(oidArray(oids))'::oid[]) AND a.usesysid IS NOT NULL"
      case .run(let run, let epoch):
        "a.application_name ~ '^recover/[^/]+/[0-9]{1,18}(/|$)'"
          + " AND split_part(a.application_name, '/', 2) = \(Quoting.literal(run))"
          + " AND CASE WHEN a.application_name ~ '^recover/[^/]+/[0-9]{1,18}(/|$)'"
          + " THEN split_part(a.application_name, '/', 3)::bigint < \(epoch) END"
      case .backend(let pid, let startedAt):
        "a.pid = \(pid) AND \(microseconds("a.backend_start")) = \(startedAt.microseconds)"
      }
    }
  }

  /// The selected sessions but our own, oldest first.
  package static func list(_ selection: Selection, _ connection: inout Connection) throws -> [ServerSession] {
    try connection.document([ServerSession].self, query(selection, then: "true")) ?? []
  }

  /// Asks every selected session to end that our role may end, and lists all of them.
  static func signal(_ selection: Selection, _ connection: inout Connection) throws -> [ServerSession] {
    try connection.document([ServerSession].self, query(selection, then: "pg_terminate_backend(s.pid)")) ?? []
  }

  /// - Parameter action: a truth value, evaluated once for each session that our role may end.
  private static func query(_ selection: Selection, then action: String) -> String {
    """
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'pid', s.pid, 'databaseOID', s.datid::bigint, 'database', s.datname, 'user', s.usename,
      'applicationName', coalesce(s.application_name, ''), 'clientAddress', host(s.client_addr), 'state', s.state,
      'backendType', s.backend_type, 'startedAt', \(microseconds("s.backend_start")),
      'transactionStartedAt', \(microseconds("s.xact_start")),
      'isTerminable', CASE WHEN s.terminable THEN (\(action)) IS NOT NULL ELSE false END)
      ORDER BY s.backend_start, s.pid), '[]')
    FROM (SELECT a.*, \(terminable) AS terminable
      FROM pg_stat_activity AS a LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
      WHERE a.pid <> pg_backend_pid() AND \(selection.condition) OFFSET 0) AS s
    """
  }

  /// The rule of pg_terminate_backend (PostgreSQL, "Server Signaling Functions").
  private static let terminable = """
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    OR (a.usesysid IS NOT NULL AND NOT coalesce(r.rolsuper, true)
      AND (pg_has_role(a.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')))
    """
}

/// An expression for a point in time as ``WallTime`` is written.
func microseconds(_ expression: String) -> String { "(extract(epoch FROM \(expression)) * 1000000)::bigint" }
