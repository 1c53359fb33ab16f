internal import RecoverBase

/// Keeps the workers of a dead load apart from a new one: a second advisory lock, which every worker shares.
///
/// The lead's own lock goes with its session; workers whose client was killed end when they notice that, which may be
/// later. So a new lead waits until nobody shares this lock, and a worker makes sure that its lead is still the one.
enum WorkerLock {
  static let key: Int64 = 0x7265_636f_7665_7232

  /// Waits until there is no worker; ends those that are still there after a moment and that our role may end.
  ///
  /// - Throws: the server's error after `lock_timeout`.
  static func awaitNobody(_ connection: inout Connection) throws {
    if try connection.value("SELECT pg_catalog.pg_try_advisory_lock(\(key))") != "t" {
      try endWorkers(&connection)
      _ = try connection.query("SELECT pg_catalog.pg_advisory_lock(\(key))")
    }
    _ = try connection.query("SELECT pg_catalog.pg_advisory_unlock(\(key))")
  }

  /// Their client is dead, or has lost its lead: what they do now is rolled back and done again.
  private static func endWorkers(_ connection: inout Connection) throws {
    let pids = try connection.rows("SELECT pid FROM pg_catalog.pg_locks WHERE \(condition(key)) AND granted")
    for pid in pids {
      do {
        _ = try connection.query("SELECT pg_catalog.pg_terminate_backend($1::integer)", [pid[0]])
      } catch let error as RecoverError where error.sqlState == .insufficientPrivilege {
        // It ends by itself, a moment later.
        continue
      }
    }
  }

  /// Shares the lock, for as long as the session lasts.
  ///
  /// - Throws: ``RecoverError`` `connectionLost` when the lead has lost its own meanwhile.
  static func join(_ lead: Int32, _ connection: inout Connection) throws {
    _ = try connection.query("SELECT pg_catalog.pg_advisory_lock_shared(\(key))")
    let isLed = try connection.value(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE \(condition(LoadLedger.lockKey)) AND granted AND pid = \(lead))"
    )
    guard isLed == "t" else {
      throw RecoverError(
        .connectionLost, "the session that leads the load of database \(connection.database) was lost",
        hint: "resume the run, and it goes on from what is committed")
    }
  }

  /// pg_locks shows the halves of a key of eight bytes (PostgreSQL, "pg_locks").
  private static func condition(_ key: Int64) -> String {
    let bits = UInt64(bitPattern: key)
    return """
      locktype = 'advisory' AND objsubid = 1 AND classid = \(bits >> 32)::oid AND objid = \(bits & 0xffff_ffff)::oid
      AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      """
  }
}
