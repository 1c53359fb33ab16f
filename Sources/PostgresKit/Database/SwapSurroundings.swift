internal import RecoverBase

/// What there is on the server around a database: replication, prepared transactions, WAL that is kept.
struct SwapSurroundings: Sendable, Hashable, Codable {
  struct Slot: Sendable, Hashable, Codable {
    var name: String
    /// The plugin of a logical slot; nil for a physical one.
    var plugin: String?
    /// Whether it reads from the live database.
    var isOfDatabase: Bool
    var isActive: Bool
    var retainedBytes: Int64?
  }

  var isInRecovery: Bool
  /// The names of transactions prepared in the database.
  var preparedTransactions: [String]
  var slots: [Slot]
  /// Subscriptions that write into the database.
  var subscriptions: [String]
  /// Application names of standbys that are connected.
  var standbys: [String]
  /// Whether the newest attempt to archive WAL failed.
  var isArchivingFailing: Bool
  /// Whether a DROP DATABASE of it was interrupted.
  var isBroken: Bool
}

extension SwapSurroundings {
  static func read(_ facts: DatabaseFacts?, _ connection: inout Connection) throws -> SwapSurroundings {
    let surroundings = try connection.document(
      SwapSurroundings.self, query, [facts?.name, facts.map { String($0.oid) } ?? "0"])
    return try surroundings.orMissing("the server does not tell its surroundings")
  }

  /// Everything in one statement; walsenders of a logical slot or a base backup are no standbys.
  ///
  /// Of a standby, restart_lsn is told in terms of what it replayed.
  private static let query = """
    SELECT jsonb_build_object(
      'isInRecovery', pg_is_in_recovery(),
      'preparedTransactions', (SELECT coalesce(jsonb_agg(gid ORDER BY prepared), '[]') FROM pg_prepared_xacts
        WHERE database = $1),
      'slots', (SELECT coalesce(jsonb_agg(jsonb_build_object(
          'name', slot_name, 'plugin', plugin, 'isOfDatabase', coalesce(datoid = $2::oid, false), 'isActive', active,
          'retainedBytes', pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
            restart_lsn)::bigint) ORDER BY slot_name), '[]') FROM pg_replication_slots),
      'subscriptions', (SELECT coalesce(jsonb_agg(subname ORDER BY subname), '[]') FROM pg_subscription
        WHERE subdbid = $2::oid),
      'standbys', (SELECT coalesce(jsonb_agg(application_name ORDER BY application_name), '[]')
        FROM pg_stat_replication AS r
        WHERE coalesce(r.state, '') NOT IN ('startup', 'backup')
          AND NOT EXISTS (SELECT FROM pg_replication_slots AS s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')),
      'isArchivingFailing', (SELECT last_failed_time IS NOT NULL
          AND last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver),
      'isBroken', EXISTS (SELECT FROM pg_database WHERE oid = $2::oid AND datconnlimit = -2))
    """
}

extension SwapSurroundings {
  /// - Parameters:
  ///   - database: the live database; nil where it is to be made.
  ///   - expectedWAL: of the load, where it is known.
  func obstacles(database: String?, limits: ServerLimits, expectedWAL: ByteCount?) -> [SwapObstacle] {
    let database = database ?? "the new database"
    return blocking(database, limits) + cutOff(database) + retaining(limits, expectedWAL)
  }

  /// Connections that a run holds at once: the lock, the work, and the one that ends sessions.
  private static let neededConnections = 4

  private func blocking(_ database: String, _ limits: ServerLimits) -> [SwapObstacle] {
    var obstacles: [SwapObstacle] = []
    if isInRecovery {
      obstacles.append(
        SwapObstacle(
          .standbyServer, .refuse, database, "the server is a standby, where nothing can be changed",
          hint: "connect to the primary"))
    }
    if isBroken {
      obstacles.append(
        SwapObstacle(
          .brokenDatabase, .refuse, database,
          "a DROP DATABASE of \(database) was interrupted; it can't be used any more",
          hint: "DROP DATABASE \(Quoting.identifier(database)), then recover it as a new one"))
    }
    obstacles += preparedTransactions.map { gid in
      SwapObstacle(
        .preparedTransaction, .refuse, gid,
        "transaction \(gid) is prepared in database \(database), which blocks RENAME",
        hint: "in that database: COMMIT PREPARED \(Quoting.literal(gid)) or ROLLBACK PREPARED \(Quoting.literal(gid))")
    }
    if !limits.synchronousStandbyNames.isEmpty, standbys.isEmpty {
      obstacles.append(
        SwapObstacle(
          .noSynchronousStandby, .refuse, limits.synchronousStandbyNames,
          "every commit waits for a synchronous standby (\(limits.synchronousStandbyNames)), and none is connected",
          hint: "start the standby, or take it out of synchronous_standby_names"))
    }
    if limits.freeConnections < Self.neededConnections {
      obstacles.append(
        SwapObstacle(
          .fewConnections, .refuse, String(limits.freeConnections),
          "\(limits.freeConnections) of \(limits.maxConnections) connections are free, \(Self.neededConnections) are needed",
          hint: "stop an application first, or raise max_connections"))
    }
    return obstacles
  }

  private func cutOff(_ database: String) -> [SwapObstacle] {
    let slots = slots.filter(\.isOfDatabase).map { slot in
      SwapObstacle(
        .logicalSlot, .warn, slot.name,
        "logical slot \(slot.name) stays with the old database: its reader gets no more changes"
          + (slot.isActive ? ", and fails when it connects again" : ""),
        hint: "make a new slot in the restored database and copy its readers anew; the old slot keeps WAL until it is "
          + "dropped, and goes with the old database")
    }
    let subscriptions = subscriptions.map { name in
      SwapObstacle(
        .subscription, .warn, name,
        "subscription \(name) stays with the old database, which can't be dropped before it, and the restored one may "
          + "claim the same slot of the publisher",
        hint:
          "before the swap: ALTER SUBSCRIPTION \(Quoting.identifier(name)) DISABLE; afterwards decide which of the two goes"
      )
    }
    let standbys = Set(standbys).sorted().map { name in
      SwapObstacle(
        .standby, .warn, name, "sessions on standby \(name) go on reading the old database after the swap",
        hint: "end them there too: SELECT pg_terminate_backend(pid) FROM pg_stat_activity, on the standby")
    }
    return slots + subscriptions + standbys
  }

  private func retaining(_ limits: ServerLimits, _ expectedWAL: ByteCount?) -> [SwapObstacle] {
    let load = expectedWAL.map { "about \($0) of WAL" } ?? "WAL of about the size of data and indexes"
    var obstacles: [SwapObstacle] = []
    for slot in slots {
      let retained = ByteCount(slot.retainedBytes ?? 0)
      if let limit = limits.maxSlotWalKeepSize {
        guard let expectedWAL, retained.bytes + expectedWAL.bytes > limit.bytes else { continue }
        obstacles.append(
          SwapObstacle(
            .walRetention, .warn, slot.name,
            "slot \(slot.name) holds \(retained) of WAL; with \(load) it can pass \(limit) and be invalidated",
            hint: "raise max_slot_wal_keep_size for the time of the load"))
      } else if !slot.isActive, slot.retainedBytes != nil {
        obstacles.append(
          SwapObstacle(
            .walRetention, .warn, slot.name,
            "nobody reads slot \(slot.name), which holds \(retained) of WAL; the load adds \(load), which stays in pg_wal",
            hint:
              "a full pg_wal stops the server: SELECT pg_drop_replication_slot(\(Quoting.literal(slot.name))) if it is stale"
          ))
      }
    }
    if limits.archiveMode != "off", isArchivingFailing {
      obstacles.append(
        SwapObstacle(
          .archiving, .warn, limits.archiveMode,
          "archiving of WAL fails at present; the load adds \(load), which stays in pg_wal",
          hint: "see pg_stat_archiver and the server's log; a full pg_wal stops the server"))
    }
    return obstacles
  }
}
