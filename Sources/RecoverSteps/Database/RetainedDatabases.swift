internal import PostgresKit
package import RecoverBase
internal import RecoverCore

/// The databases that recover made on a server and that are still there: side, previous and failed copies.
package struct RetainedDatabases: Sendable {
  private let access: DatabaseAccess
  private static let limit = Duration.seconds(30)

  /// - Parameter address: any database of the server.
  package init(_ address: DatabaseAddress, drivers: StepDrivers) throws {
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

    /// Whether it may be dropped: its retention has ended.
    ///
    /// A side database has none; its run decides.
    package func isExpired(at time: WallTime) -> Bool { retainUntil.map { $0 <= time } ?? false }
  }

  /// All of them, by name.
  package func list() async throws -> [Entry] {
    let access = access
    return try await BlockingThread.run("recover-cleanup") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      let server = try ServerIdentity.read(&connection).systemIdentifier
      return try MarkedDatabase.list(&connection).map { database in
        Entry(
          systemIdentifier: server, name: database.name, oid: database.oid, run: database.breadcrumb.run,
          target: database.breadcrumb.target,
          role: database.breadcrumb.role.rawValue,
          retainUntil: database.breadcrumb.retainUntil,
          sizeBytes: database.sizeBytes)
      }
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
      _ = try SideDatabase(name: entry.name, run: entry.run)
        .drop(oid: entry.oid, &connection, until: .after(Self.limit))
    }
  }
}
