package import RecoverBase
internal import Synchronization

/// A lock on a database by name, held in the server itself, so that a colleague's recover on another machine is kept out.
///
/// A session-level advisory lock (PostgreSQL, "Advisory Locks") on a connection of its own to the maintenance database,
/// under two keys: a fixed one, and a hash of the system identifier and the database's name. The server drops it when
/// the connection ends, however that happens.
package final class AdvisoryLock: Sendable {
  /// Who holds a lock, as far as our role may see it.
  package struct Holder: Sendable, Hashable, Codable {
    package var pid: Int32
    package var user: String?
    /// `recover/<run>/<epoch>` for a run.
    package var applicationName: String
    package var clientAddress: String?
    /// Nil where our role may not see it.
    package var connectedAt: WallTime?
    /// The database in which it is held.
    package var database: String?

    package var description: String {
      let place = clientAddress.map { " from \($0)" } ?? ""
      let since = connectedAt.map { ", connected since \($0)" } ?? ""
      return
        "\(applicationName.isEmpty ? "a session" : applicationName) as \(user ?? "nobody")\(place), pid \(pid)\(since)"
    }
  }

  package let database: String
  private let keys: Keys
  private let connection: Mutex<Connection?>

  private init(database: String, keys: Keys, connection: consuming sending Connection) {
    self.database = database
    self.keys = keys
    self.connection = Mutex(connection)
  }

  /// Takes the lock, or says who has it; never waits for it.
  ///
  /// - Parameters:
  ///   - settings: of the maintenance database, with the application name by which others are to know us.
  ///   - database: the name of the database that is locked; it need not exist.
  /// - Throws: ``RecoverError`` `claimed`, naming the holder.
  package static func take(
    _ settings: ConnectionSettings, database: String, systemIdentifier: String, timeout: Duration? = nil
  ) throws -> AdvisoryLock {
    var connection = try Connection.administrative(settings, timeout: timeout)
    let keys = Keys(systemIdentifier: systemIdentifier, database: database)
    let isTaken = try connection.value("SELECT pg_try_advisory_lock(\(keys.sql))") == "t"
    // Advisory locks are apart for each database that one is connected to: look into the others as well. Of two that
    // meet so, both give way.
    let others = try Holder.list(keys, &connection).filter { $0.pid != connection.backendPid }
    guard isTaken, others.isEmpty else {
      if isTaken { _ = try? connection.value("SELECT pg_advisory_unlock(\(keys.sql))") }
      let holder = others.first?.description ?? "a session that has just left"
      throw RecoverError(
        .claimed, "database \(database) is locked by another run: \(holder)",
        hint: "wait for that run or cancel it (recover runs, on its machine); to end its session: "
          + "SELECT pg_terminate_backend(\(others.first?.pid ?? 0))")
    }
    return AdvisoryLock(database: database, keys: keys, connection: connection)
  }

  /// Who holds the lock of a database now, asked on any connection of the server.
  package static func holders(
    database: String, systemIdentifier: String, _ connection: inout Connection
  ) throws -> [Holder] {
    try Holder.list(Keys(systemIdentifier: systemIdentifier, database: database), &connection)
  }

  /// Whether the lock is still ours: asks the server, on the connection that holds it.
  ///
  /// - Parameter timeout: after it, a server that does not answer counts as lost.
  package func isHeld(timeout: Duration = .seconds(10)) -> Bool {
    connection.withLock { held in
      guard var connection = held.take() else { return false }
      connection.deadline = .after(timeout)
      let pid = connection.backendPid
      guard let holders = try? Holder.list(keys, &connection), holders.contains(where: { $0.pid == pid }) else {
        return false
      }
      held = consume connection
      return true
    }
  }

  /// Gives the lock back; nothing happens when it was given back or lost before.
  package func release() {
    connection.withLock { held in
      guard var connection = held.take() else { return }
      connection.deadline = .after(.seconds(5))
      // Closing gives it back too, but the server sees that a moment later.
      _ = try? connection.value("SELECT pg_advisory_unlock(\(keys.sql))")
    }
  }
}

/// The two keys of a lock.
private struct Keys: Sendable {
  /// `reco` in ASCII; shows as classid in pg_locks.
  static let lockClass: Int32 = 0x7265_636f
  let target: Int32

  init(systemIdentifier: String, database: String) {
    let bytes = Digest(of: "\(systemIdentifier)/\(database)".utf8).bytes
    target = Int32(bitPattern: bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
  }

  var sql: String { "\(Self.lockClass), \(target)" }
  /// pg_locks shows the keys as OIDs, which have no sign.
  var condition: String {
    "l.classid = \(Self.lockClass)::oid AND l.objid = \(UInt32(bitPattern: target))::oid AND l.objsubid = 2"
  }
}

extension AdvisoryLock.Holder {
  fileprivate static func list(_ keys: Keys, _ connection: inout Connection) throws -> [AdvisoryLock.Holder] {
    let query = """
      SELECT jsonb_agg(jsonb_build_object(
        'pid', l.pid, 'user', a.usename, 'applicationName', coalesce(a.application_name, ''),
        'clientAddress', host(a.client_addr), 'connectedAt', \(microseconds("a.backend_start")), 'database', d.datname)
        ORDER BY l.pid)
      FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid LEFT JOIN pg_database AS d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND l.granted AND \(keys.condition)
      """
    return try connection.document([AdvisoryLock.Holder].self, query) ?? []
  }
}
