package import RecoverBase

/// What a server has room for, and how it keeps its WAL.
package struct ServerLimits: Sendable, Hashable, Codable {
  package var maxConnections: Int
  /// Those that only a superuser, or since 16 a member of pg_use_reserved_connections, gets.
  package var reservedConnections: Int
  /// Sessions with a database now, background workers among them.
  package var usedConnections: Int
  package var sharedBuffers: ByteCount
  package var maintenanceWorkMem: ByteCount
  package var maxParallelMaintenanceWorkers: Int
  package var maxWorkerProcesses: Int
  package var walLevel: String
  package var archiveMode: String
  package var maxWalSize: ByteCount
  package var walSegmentSize: ByteCount
  /// The WAL that slots may retain; nil for without limit.
  package var maxSlotWalKeepSize: ByteCount?
  package var synchronousStandbyNames: String

  /// Connections that an ordinary role can still open, about: others come and go.
  package var freeConnections: Int { max(0, maxConnections - reservedConnections - usedConnections) }
}

extension ServerLimits {
  /// Asks the server.
  package static func read(_ connection: inout Connection) throws -> ServerLimits {
    try connection.document(ServerLimits.self, query).orMissing("the server does not tell its limits")
  }

  /// `numbackends` is there for every role, unlike the rows of pg_stat_activity.
  private static let query = """
    SELECT jsonb_build_object(
      'maxConnections', current_setting('max_connections')::int,
      'reservedConnections', current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true), '0')::int,
      'usedConnections', (SELECT sum(numbackends) FROM pg_stat_database),
      'sharedBuffers', pg_size_bytes(current_setting('shared_buffers')),
      'maintenanceWorkMem', pg_size_bytes(current_setting('maintenance_work_mem')),
      'maxParallelMaintenanceWorkers', current_setting('max_parallel_maintenance_workers')::int,
      'maxWorkerProcesses', current_setting('max_worker_processes')::int,
      'walLevel', current_setting('wal_level'),
      'archiveMode', current_setting('archive_mode'),
      'maxWalSize', pg_size_bytes(current_setting('max_wal_size')),
      'walSegmentSize', pg_size_bytes(current_setting('wal_segment_size')),
      'maxSlotWalKeepSize', CASE WHEN coalesce(current_setting('max_slot_wal_keep_size', true), '-1') <> '-1'
        THEN pg_size_bytes(current_setting('max_slot_wal_keep_size')) END,
      'synchronousStandbyNames', current_setting('synchronous_standby_names'))
    """
}
