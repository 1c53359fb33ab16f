internal import PostgresKit
internal import RecoverBase
package import RecoverCore

/// The databases that a backup holds, for people who choose among them.
package struct DumpContents: Sendable, Hashable {
  package struct Database: Sendable, Hashable {
    /// Nil for a dump that connects to no database.
    package var name: String?
    package var tables: Int
    package var rows: Int64
    package var objects: Int
    /// Of its SQL.
    package var bytes: Int64

    /// Whether it would make anything.
    package var isEmpty: Bool { tables == 0 && objects == 0 }
  }

  /// In the order of the dump.
  package var databases: [Database]

  init(_ survey: DumpSurvey) {
    let names = survey.connectedDatabases
    let parts = names.isEmpty ? [nil] : names.map(Optional.some)
    databases = parts.map { name in
      let segments = survey.content(of: name)
      return Database(
        name: name, tables: segments.reduce(0) { $0 + $1.tables.count },
        rows: segments.flatMap(\.tables).reduce(0) { $0 + $1.rows },
        objects: segments.reduce(0) { $0 + $1.objectCounts.values.reduce(0, +) },
        bytes: segments.reduce(0) { $0 + $1.endOffset - $1.offset })
    }
    if names.isEmpty, databases.allSatisfy(\.isEmpty) { databases = [] }
  }

  /// Reads the whole backup.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for one that was cut off.
  package static func read(_ backup: BackupReference) async throws -> DumpContents {
    let survey = try await SurveyFile.scan(backup).survey
    try DumpChoice.requireWhole(survey, path: backup.path)
    return DumpContents(survey)
  }
}

extension DatabaseAddress {
  /// A database that does not exist yet, on the same server and reached alike: without this one's services, checks,
  /// hooks and assertions, since nothing of what runs here is to notice it.
  package func new(named other: String) throws -> DatabaseAddress {
    var policy = DatabasePolicy(
      url: try ConnectionSettings(self.policy.url).replacing(database: other).redactedURL,
      adminURL: self.policy.adminURL, maintenanceDatabase: self.policy.maintenanceDatabase,
      passwordFile: self.policy.passwordFile)
    policy.keepPrevious = self.policy.keepPrevious
    policy.keepFailed = self.policy.keepFailed
    policy.freeDisk = self.policy.freeDisk
    var address = try DatabaseAddress(policy)
    address.password = password
    return address
  }

  /// The database of another name on the same server: as the policy describes it, else as this one is reached, without
  /// this one's services, checks and assertions.
  package func sibling(named other: String, in policy: Policy) throws -> DatabaseAddress {
    guard other != name else { return self }
    let ours = try ConnectionSettings(self.policy.url)
    for candidate in policy.databases.values {
      let settings = try ConnectionSettings(candidate.url)
      if settings.database == other, settings.host == ours.host, settings.port ?? "5432" == ours.port ?? "5432" {
        var address = try DatabaseAddress(candidate)
        address.password = address.password ?? password
        return address
      }
    }
    var sibling = DatabasePolicy(
      url: ours.replacing(database: other).redactedURL, adminURL: self.policy.adminURL,
      maintenanceDatabase: self.policy.maintenanceDatabase, passwordFile: self.policy.passwordFile)
    sibling.keepPrevious = self.policy.keepPrevious
    sibling.keepFailed = self.policy.keepFailed
    sibling.serve = self.policy.serve
    sibling.freeDisk = self.policy.freeDisk
    var address = try DatabaseAddress(sibling)
    address.password = password
    return address
  }
}
