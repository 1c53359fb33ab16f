internal import RecoverBase
internal import RecoverCore

@testable internal import PostgresKit
@testable internal import RecoverSteps

/// Bindings of a database recovery, as a planner makes them.
enum Bindings {
  static func database(
    _ name: String = "app", segment: String? = nil, serve: ServeMode = .none, undoes: String? = nil
  ) -> DatabaseBindings {
    DatabaseBindings(
      name: name, url: "postgresql://joe@127.0.0.1:5432/\(name)", adminURL: nil, maintenanceDatabase: "postgres",
      passwordFile: nil, server: server, liveOID: 16_384,
      backup: BackupReference(path: "/backups/x.sql", sizeBytes: 100, modifiedNanoseconds: 0, sha256: nil),
      undoes: undoes, segment: segment, serve: serve, keepPrevious: .seconds(604_800), keepFailed: .seconds(86_400),
      assertions: [], freeDisk: nil, hooks: [], services: [], health: [])
  }

  static let server = ServerIdentity(
    systemIdentifier: "7423", timeline: 1, address: "127.0.0.1", port: 5432, dataDirectory: "/data",
    isInRecovery: false, version: 150_018, startedAt: WallTime(microseconds: 0), maintenanceDatabase: "postgres")
}
