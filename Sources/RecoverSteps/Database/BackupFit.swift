internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// What a server lacks that a backup needs, and what else is worth knowing.
package struct BackupFit: Sendable, Hashable {
  /// The database that it would become.
  package var name: String
  /// The database of the backup that is meant; nil where it has only one without a name.
  package var segment: String?
  /// The server's version, as `server_version_num` has it.
  package var serverVersion: Int
  /// What a restore would be refused for.
  package var missing: [Shortfall] = []
  package var notes: [String] = []

  package struct Shortfall: Sendable, Hashable {
    /// `role`, `extension`, `disk`, ...
    package var kind: String
    package var message: String
    package var hint: String?
  }
}

/// Asks a server whether a backup fits; changes nothing there.
package struct BackupFitting: Sendable {
  private let address: DatabaseAddress
  private let drivers: StepDrivers

  package init(_ address: DatabaseAddress, drivers: StepDrivers) {
    self.address = address
    self.drivers = drivers
  }

  /// Connects once, so that a server that is not there is noticed before the backup is read.
  package func reach() async throws {
    try await BlockingThread.run("recover-fit") { interruption in _ = try connect(interruption) }
  }

  private func connect(_ interruption: Interruption) throws -> Connection {
    try DatabaseAccess(
      url: address.policy.url, adminURL: address.policy.adminURL,
      maintenanceDatabase: address.policy.maintenanceDatabase, passwordFile: address.policy.passwordFile,
      drivers: drivers, mark: "recover/inspect"
    ).connectToMaintenance(interruption)
  }

  /// - Parameter segment: which database of a `pg_dumpall` file is meant.
  /// - Throws: ``RecoverError`` `unreachable` and its like, `usage` when nobody can tell which database is meant,
  ///   `backupRefused` for a backup that makes nothing.
  package func fit(_ inspection: BackupInspection, segment: String?) async throws -> BackupFit {
    let choice = try DumpChoice(
      inspection.survey, path: inspection.backup.path, segment: segment, name: address.name)
    return try await BlockingThread.run("recover-fit") { interruption in
      var connection = try connect(interruption)
      return try fit(choice, &connection)
    }
  }

  private func fit(_ choice: DumpChoice, _ connection: inout Connection) throws -> BackupFit {
    let identity = try ServerIdentity.read(&connection)
    var fit = BackupFit(name: address.name, segment: choice.database, serverVersion: identity.version)
    if identity.isInRecovery {
      fit.missing.append(.init(kind: "server", message: "the server is a standby", hint: "name the primary in the URL"))
    }
    do {
      try choice.refuseEscapes()
      try choice.refuseLedger()
    } catch let error as RecoverError {
      fit.missing.append(.init(kind: "backup", message: error.message, hint: error.hint))
    }
    fit.missing += try choice.requirements.unmet(try Account.read(&connection), &connection).map {
      BackupFit.Shortfall(kind: $0.kind.rawValue, message: $0.message, hint: $0.hint)
    }
    fit.notes = choice.warnings(serverVersion: identity.version, name: address.name)
    try lookForSpace(choice, identity, &connection, &fit)
    return fit
  }

  private func lookForSpace(
    _ choice: DumpChoice, _ identity: ServerIdentity, _ connection: inout Connection, _ fit: inout BackupFit
  ) throws {
    let live = try DatabaseFacts.read(address.name, &connection)
    let needed = ByteCount(choice.dataBytes)
    let free: ByteCount
    if let stated = address.policy.freeDisk {
      free = stated
    } else {
      switch try DiskSpace.look(tablespace: live?.tablespace, identity: identity, &connection) {
      case .known(let space, _): free = space
      case .unknown(let reason):
        fit.notes.append("free disk can't be seen: \(reason); free-disk in the policy can tell it")
        return
      }
    }
    if free <= needed {
      fit.missing.append(
        .init(
          kind: "disk", message: "the server's disk has \(free) free, the data alone takes \(needed)",
          hint: "free space on the server, or see recover db --in-place"))
    } else if free.bytes < needed.bytes * 3 {
      fit.notes.append("the server's disk has \(free) free for \(needed) of data and its indexes")
    }
  }
}
