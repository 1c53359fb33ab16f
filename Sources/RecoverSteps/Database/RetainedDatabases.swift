internal import PostgresKit
package import RecoverBase
internal import RecoverCore

/// What recover made on a server and what is still there: side, previous and failed databases, and the schemas of tables
/// in the database that was named.
package struct RetainedDatabases: Sendable {
  private let access: DatabaseAccess
  private let database: String
  private static let limit = Duration.seconds(30)

  /// - Parameter address: any database of the server.
  package init(_ address: DatabaseAddress, drivers: StepDrivers) throws {
    database = address.name
    access = try DatabaseAccess(
      url: address.policy.url, adminURL: address.policy.adminURL,
      maintenanceDatabase: address.policy.maintenanceDatabase, passwordFile: address.policy.passwordFile,
      drivers: drivers, mark: "recover/cleanup")
  }

  /// One of them.
  package struct Entry: Sendable, Hashable {
    /// The server that it is on.
    package var systemIdentifier: String
    package var name: String
    package var oid: UInt32
    package var run: String
    package var target: String
    /// What it is: `side`, `previous` or `failed`.
    package var role: String
    package var retainUntil: WallTime?
    package var sizeBytes: Int64?
    /// The database that it is a schema of; nil for a database.
    package var database: String?

    /// Whether it may be dropped: its retention has ended.
    ///
    /// A side database has none; its run decides.
    package func isExpired(at time: WallTime) -> Bool { retainUntil.map { $0 <= time } ?? false }
  }

  /// All of them, databases first, each by name.
  package func list() async throws -> [Entry] {
    let access = access
    return try await BlockingThread.run("recover-cleanup") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      let server = try ServerIdentity.read(&connection).systemIdentifier
      let databases = try MarkedDatabase.list(&connection).map { database in
        Entry(
          systemIdentifier: server, name: database.name, oid: database.oid, run: database.breadcrumb.run,
          target: database.breadcrumb.target,
          role: database.breadcrumb.role.rawValue,
          retainUntil: database.breadcrumb.retainUntil,
          sizeBytes: database.sizeBytes)
      }
      return databases + (try schemas(server, &connection, interruption))
    }
  }

  /// The schemas of exchanged tables in the database; none where it can't be entered.
  private func schemas(
    _ server: String, _ connection: inout Connection, _ interruption: Interruption
  ) throws -> [Entry] {
    guard let facts = try DatabaseFacts.read(database, &connection), facts.allowsConnections else { return [] }
    var live = try access.connectAsAdmin(to: database, interruption)
    return try KeptSchema.list(&live).map { schema in
      Entry(
        systemIdentifier: server, name: schema.name, oid: schema.oid, run: schema.breadcrumb.run,
        target: schema.breadcrumb.target, role: schema.breadcrumb.role.rawValue,
        retainUntil: schema.breadcrumb.retainUntil, sizeBytes: schema.sizeBytes, database: database)
    }
  }

  /// Drops one, if it still has the OID and our breadcrumb, and no living run anywhere holds its target.
  ///
  /// - Throws: ``RecoverError`` `claimed` when one does.
  package func drop(_ entry: Entry) async throws {
    let access = access
    try await BlockingThread.run("recover-cleanup") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      let lock = try AdvisoryLock.take(
        access.adminSettings(for: connection.database), database: entry.target,
        systemIdentifier: try ServerIdentity.read(&connection).systemIdentifier)
      defer { lock.release() }
      if let database = entry.database {
        var live = try access.connectAsAdmin(to: database, interruption)
        try LoadLedgerDrop.perform(run: entry.run, &live)
        _ = try KeptSchema.drop([entry.name], run: entry.run, &live)
        return
      }
      _ = try SideDatabase(name: entry.name, run: entry.run)
        .drop(oid: entry.oid, &connection, until: .after(Self.limit))
    }
  }
}
