package import PostgresKit
package import RecoverBase
package import RecoverCore

/// What a person asked of a database recovery, with names not yet resolved.
package struct DatabaseRequest: Sendable {
  /// A URL, a name of the policy, or nil where the policy has only one database.
  package var database: String?
  /// The backup's path; what came by standard input was spooled before.
  package var backup: BackupReference
  /// The key that has to have signed the backup, in a file.
  package var publicKey: String?
  /// A backup is taken without a signature, though the policy wants one.
  package var takesUnsigned: Bool
  /// Which database of a `pg_dumpall` file is meant; nil where it has only one.
  package var segment: String?
  /// Which tables of it are restored; nil for all.
  package var selection: DumpSelection?
  /// The backup goes into a database that must not exist yet; the one that it is made like, where that exists.
  package var newLike: String?
  /// Make the roles and tablespaces of the backup where they are missing.
  package var withRoles: Bool
  /// What the live database does meanwhile; nil: as the policy says.
  package var serve: ServeMode?
  /// Drop the live database first, since two copies do not fit.
  package var inPlace: InPlaceBindings?
  /// Over how many connections the backup is loaded; nil: as many as suit the server and this machine.
  package var jobs: Int?
  /// Replace only these tables, in the live database.
  package var exchange: ExchangeBindings?

  package init(
    database: String? = nil, backup: BackupReference, publicKey: String? = nil,
    takesUnsigned: Bool = false, segment: String? = nil,
    selection: DumpSelection? = nil, newLike: String? = nil, withRoles: Bool = false, serve: ServeMode? = nil,
    inPlace: InPlaceBindings? = nil, jobs: Int? = nil, exchange: ExchangeBindings? = nil
  ) {
    self.database = database
    self.backup = backup
    self.publicKey = publicKey
    self.takesUnsigned = takesUnsigned
    self.segment = segment
    self.selection = selection
    self.newLike = newLike
    self.withRoles = withRoles
    self.serve = serve
    self.inPlace = inPlace
    self.jobs = jobs
    self.exchange = exchange
  }
}

/// A database as the policy or a URL describes it, with the password taken out.
package struct DatabaseAddress: Sendable {
  /// Everything that the policy says of it; defaults for a bare URL.
  package var policy: DatabasePolicy
  /// What was part of the URL.
  package var password: Secret?
  /// The database's name on the server.
  package var name: String

  /// A database named by a URL alone.
  ///
  /// - Throws: ``RecoverError`` `usage` for a URL that libpq refuses or that names no database.
  package init(_ url: String) throws {
    try self.init(DatabasePolicy(url: url))
  }

  /// A database of the policy.
  package init(_ policy: DatabasePolicy) throws {
    let settings = try ConnectionSettings(policy.url)
    guard let name = settings.database, !name.isEmpty else {
      throw RecoverError(
        .usage, "the URL \(settings.redactedURL) names no database",
        hint: "write it as postgres://user@host:port/database")
    }
    self.policy = policy
    self.policy.url = settings.redactedURL
    self.name = name
    password = settings.password
  }

  /// Finds what a person named: a URL, a name, or the only one there is.
  package static func resolve(_ text: String?, in policy: Policy) throws -> DatabaseAddress {
    if let text {
      if text.contains("://") || text.contains("=") { return try DatabaseAddress(text) }
      return try DatabaseAddress(try policy.database(named: text))
    }
    guard let only = policy.databases.values.first, policy.databases.count == 1 else {
      let names = policy.databases.keys.sorted().joined(separator: ", ")
      throw RecoverError(
        .usage, policy.databases.isEmpty ? "no database was named" : "the policy has several databases: \(names)",
        hint: "say which with --database NAME or --database postgres://user@host:port/database")
    }
    return try DatabaseAddress(only)
  }
}
