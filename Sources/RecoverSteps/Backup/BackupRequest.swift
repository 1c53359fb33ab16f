package import ArchiveKit
package import PostgresKit
package import RecoverBase
internal import RecoverCore

/// What a backup of a database is made of and where it goes: everything resolved.
package struct BackupRequest: Sendable {
  /// The name under which the repository keeps it.
  package var name: String
  package var settings: ConnectionSettings
  /// The repository's directory, absolute.
  package var repository: String
  /// How many connections read.
  package var jobs: Int
  package var withRoles = false
  package var codec = GzipCodec.libdeflate
  /// From 1 to 9.
  package var level = 6
  package var signingKey: SigningKey?
  /// Of recover, for the manifest.
  package var toolVersion: String
  package var run: String

  package init(
    name: String, settings: ConnectionSettings, repository: String, jobs: Int, toolVersion: String, run: String
  ) {
    self.name = name
    self.settings = settings
    self.repository = repository
    self.jobs = jobs
    self.toolVersion = toolVersion
    self.run = run
  }

  /// About how large a member's content becomes: every connection holds one, and its compressed form.
  var memberBytes: Int { min(8 << 20, max(1 << 20, (64 << 20) / max(jobs, 1))) }
}

/// How far a backup has come.
package struct BackupProgress: Sendable, Hashable {
  package var activity: String
  /// Of content that is written, and about how much there will be.
  package var doneBytes: Int64
  package var totalBytes: Int64
}

/// A backup that was made.
package struct FinishedBackup: Sendable {
  package var directory: String
  package var bytes: Int64
  package var contentBytes: Int64
  package var tables: Int
  package var rows: Int64
  package var duration: Duration
  package var id: String
  /// Schemas that recover loads or keeps tables in, which are no part of it.
  package var leftOut: [String]
}

extension DatabaseAddress {
  /// How a backup connects: as the policy's administrative role where there is one, since every row has to be read.
  package func backupSettings(drivers: StepDrivers, mark: String) throws -> ConnectionSettings {
    try DatabaseAccess(
      url: policy.url, adminURL: policy.adminURL, maintenanceDatabase: policy.maintenanceDatabase,
      passwordFile: policy.passwordFile, drivers: drivers, mark: mark
    ).adminSettings(for: name)
  }
}

extension BackupRequest {
  /// Another codec than the fast one, for comparisons.
  ///
  /// - Throws: ``RecoverError`` `usage` for an unknown name.
  package mutating func chooseCodec(_ name: String) throws {
    codec = try .named(name)
  }
}

extension GzipCodec {
  /// - Throws: ``RecoverError`` `usage` for an unknown name.
  static func named(_ name: String) throws -> GzipCodec {
    guard let codec = GzipCodec(rawValue: name) else {
      throw RecoverError(.usage, "there is no gzip codec \(name)", hint: "zlib or libdeflate")
    }
    return codec
  }
}
