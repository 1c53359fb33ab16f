package import PostgresKit
package import RecoverBase
package import RecoverCore

/// What the steps of a database recovery read from their plan: everything resolved, nothing secret.
package struct DatabaseBindings: Sendable, Hashable, Codable {
  /// The database's name on the server.
  package var name: String
  /// Where it is, as the policy or the command line names it, without a password.
  package var url: String
  /// The role that creates, renames and drops, where the policy names another one.
  package var adminURL: String?
  /// The database to be connected to while the live one is renamed; chosen at planning.
  package var maintenanceDatabase: String
  package var passwordFile: String?
  /// The server that the plan was made for.
  package var server: ServerIdentity
  /// The live database's OID; nil when there is none yet.
  package var liveOID: UInt32?
  package var backup: BackupReference
  /// The key that has to have signed a backup of ours, in a file; nil where nobody asked for that.
  package var publicKey: String?
  /// The run that is undone: its previous database is swapped in, and none is loaded.
  package var undoes: String?
  /// The live database is dropped before its replacement is loaded; nil for every other recovery.
  package var inPlace: InPlaceBindings?
  /// Only some tables of the live database are replaced; nil for every other recovery.
  package var exchange: ExchangeBindings?
  /// Which database of a `pg_dumpall` file is meant.
  package var segment: String?
  /// Which tables of it are restored; nil for all.
  package var selection: DumpSelection?
  /// The database that a new one is made like, where the backup does not say how; nil where the live one is replaced.
  package var likeDatabase: String?
  /// The roles and tablespaces of the backup are made where they are missing; nil where nobody asked for that.
  package var withRoles: Bool?
  /// Over how many connections the backup is loaded, and with which settings; nil for one, in the backup's order.
  package var tuning: LoadTuning?
  package var serve: ServeMode
  @DurationText package var keepPrevious: Duration
  @DurationText package var keepFailed: Duration
  package var assertions: [DatabasePolicy.Assertion]
  package var freeDisk: ByteCount?
  package var hooks: [HookPolicy]
  /// The services that use the database, in the order in which they are stopped.
  package var services: [NamedService]
  /// The checks that say whether they work.
  package var health: [NamedHealth]
}

extension DatabaseBindings {
  /// The server as people know it: `127.0.0.1:5432, PostgreSQL 15.18, system 7423...`.
  package var serverText: String {
    let address = server.address.map { "\($0):\(server.port)" } ?? "local socket, port \(server.port)"
    return
      "\(address), PostgreSQL \(server.version / 10_000).\(server.version % 10_000), system \(server.systemIdentifier)"
  }
}

extension DatabaseBindings {
  /// Which tables are restored, as they were asked for; nil for all.
  package var selectionText: String? { selection?.text }

  /// How many connections load, and what their sessions are set to; nil where nobody chose.
  package var loadText: String? {
    guard let tuning else { return nil }
    guard tuning.jobs > 1 else { return "over one connection, in the order of the backup" }
    var settings = ["synchronous_commit off, flushed at the end"]
    if let memory = tuning.maintenanceMemory { settings.append("maintenance_work_mem \(memory)") }
    if tuning.maintenanceWorkers > 0 {
      let plural = tuning.maintenanceWorkers == 1 ? "" : "s"
      settings.append(
        "up to \(tuning.maintenanceWorkers) parallel maintenance worker\(plural) while connections are idle")
    }
    let least = tuning.leastData.map { " (one for less than \($0) of rows)" } ?? ""
    settings.append("and for superusers deadlock_timeout 10 ms, so that autovacuum gives way")
    return "over \(tuning.jobs) connections\(least), whose sessions have " + settings.joined(separator: ", ")
  }
}

/// A backup as it was when the plan was made; a file that differs is not the one that was confirmed.
package struct BackupReference: Sendable, Hashable, Codable {
  package var path: String
  package var sizeBytes: Int64
  package var modifiedNanoseconds: Int64
  /// Known at once for what was spooled from standard input.
  package var sha256: Digest?
  /// Of a directory: a digest of the names, sizes and times of its files.
  ///
  /// What is in them the inspection's digest covers.
  package var listing: Digest?
  /// The files that were put together in this one, in their order; nil where it is one file.
  package var parts: [String]?
}

/// A service with the name that the policy gives it.
package struct NamedService: Sendable, Hashable, Codable {
  package var name: String
  package var policy: ServicePolicy

  package init(name: String, policy: ServicePolicy) {
    self.name = name
    self.policy = policy
  }
}

/// A health check with the name that the policy gives it.
package struct NamedHealth: Sendable, Hashable, Codable {
  package var name: String
  package var policy: HealthPolicy
  /// Where the database of a `postgres` probe is.
  package var databaseURL: String?
  package var passwordFile: String?
  /// The checks of a group, in its order.
  package var members: [NamedHealth]?

  /// How long one look may take: of a group as long as its slowest member.
  package var timeout: Duration { members?.map(\.policy.probe.timeout).max() ?? policy.probe.timeout }

  package init(name: String, policy: HealthPolicy, databaseURL: String? = nil, passwordFile: String? = nil) {
    self.name = name
    self.policy = policy
    self.databaseURL = databaseURL
    self.passwordFile = passwordFile
  }
}
