package import RecoverBase

/// A database that can be recovered, and what stands around it.
package struct DatabasePolicy: Sendable, Hashable, Codable {
  /// How long a replaced copy is kept when the policy says nothing else: seven days.
  package static let defaultRetention = Duration.seconds(7 * 86_400)

  /// A PostgreSQL connection URI (PostgreSQL, 34.1.1.2) without a password.
  package var url: String
  /// The same for the role that may create, rename and drop databases; nil where `url`'s may.
  package var adminURL: String?
  /// The database to connect to while the database itself is replaced; nil: `postgres`, then `template1`.
  package var maintenanceDatabase: String?
  /// A file that holds the password on its first line, absolute.
  package var passwordFile: String?
  /// A file with the key that has to have signed a backup, absolute; nil where any is taken.
  package var publicKey: String?
  /// Names of the services that use the database: stopped while it is swapped.
  package var services: [String]
  /// Names of the checks that say whether they work again.
  package var health: [String]
  /// How long the replaced database is kept.
  @DurationText package var keepPrevious: Duration
  /// How long a restored database that failed its health check is kept.
  @DurationText package var keepFailed: Duration
  /// What must hold in the restored database before it is swapped in.
  package var assertions: [Assertion]
  /// Free space where the server keeps its data, for servers whose disk can't be seen from here.
  package var freeDisk: ByteCount?
  /// What runs after the restore, in order, before any traffic.
  package var afterRestore: [HookPolicy]
  /// What the live database does meanwhile, unless the command line says otherwise.
  package var serve: ServeMode

  package init(
    url: String, adminURL: String? = nil, maintenanceDatabase: String? = nil, passwordFile: String? = nil,
    publicKey: String? = nil, services: [String] = [], health: [String] = [],
    keepPrevious: Duration = Self.defaultRetention,
    keepFailed: Duration = Self.defaultRetention, assertions: [Assertion] = [], freeDisk: ByteCount? = nil,
    afterRestore: [HookPolicy] = [], serve: ServeMode = .none
  ) {
    self.url = url
    self.adminURL = adminURL
    self.maintenanceDatabase = maintenanceDatabase
    self.passwordFile = passwordFile
    self.publicKey = publicKey
    self.services = services
    self.health = health
    self.keepPrevious = keepPrevious
    self.keepFailed = keepFailed
    self.assertions = assertions
    self.freeDisk = freeDisk
    self.afterRestore = afterRestore
    self.serve = serve
  }

  enum CodingKeys: String, CodingKey {
    case url
    case adminURL = "admin-url"
    case maintenanceDatabase = "maintenance-database"
    case passwordFile = "password-file"
    case publicKey = "public-key"
    case services
    case health
    case keepPrevious = "keep-previous"
    case keepFailed = "keep-failed"
    case assertions
    case freeDisk = "free-disk"
    case afterRestore = "after-restore"
    case serve
  }
}

extension DatabasePolicy {
  /// A query that must answer true: one row whose first column is a boolean.
  package struct Assertion: Sendable, Hashable, Codable {
    /// What it asserts, for people.
    package var name: String
    package var sql: String

    package init(name: String, sql: String) {
      self.name = name
      self.sql = sql
    }
  }
}

/// What the live database serves while its replacement is loaded.
package enum ServeMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nothing: a write that was accepted meanwhile would vanish at the swap.
  case none
  /// Reads only.
  case readOnly = "read-only"
  /// Everything: services stop only for the swap itself, and writes made during the load are lost.
  case all
}
