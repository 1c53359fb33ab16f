package import RecoverBase
internal import Synchronization

/// One state of a database that several sessions look at (PostgreSQL, "Snapshot Synchronization Functions").
///
/// A connection of its own holds it open; what imports its id sees the same rows, and only on the same server and in
/// the same database, since the id means nothing elsewhere.
package final class ExportedSnapshot: Sendable {
  /// For `SET TRANSACTION SNAPSHOT` and `pg_dump --snapshot`.
  package let id: String
  private let connection: Mutex<Connection?>

  private init(id: String, connection: consuming sending Connection) {
    self.id = id
    self.connection = Mutex(connection)
  }

  /// Takes a snapshot of the database with an OID.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` when the settings lead to another server or another database.
  package static func take(
    _ settings: ConnectionSettings, oid: UInt32, server: ServerIdentity, interruption: Interruption? = nil
  ) throws -> ExportedSnapshot {
    var connection = try Connection.administrative(settings, interruption: interruption)
    try ServerIdentity.read(&connection).check(isServer: server)
    try connection.checkDatabase(connection.database, oid: oid)
    try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    let id = try connection.value("SELECT pg_catalog.pg_export_snapshot()").orMissing("the server exports no snapshot")
    connection.interruption = nil
    return ExportedSnapshot(id: id, connection: connection)
  }

  /// Lets the snapshot go; nothing happens when it was let go before.
  package func release() { connection.withLock { $0 = nil } }
}
