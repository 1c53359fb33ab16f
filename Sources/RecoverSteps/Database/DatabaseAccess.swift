internal import Glibc
package import PostgresKit
package import RecoverBase

/// How the databases of a recovery are reached: which role, which database, which password, under which name.
package struct DatabaseAccess: Sendable {
  /// Settings of the role that loads and is served, without a database.
  private let ordinary: ConnectionSettings
  /// Settings of the role that creates, renames and drops.
  private let admin: ConnectionSettings
  package let maintenanceDatabase: String?

  /// - Parameters:
  ///   - mark: `recover/<run>/<epoch>`, so that a later epoch finds the sessions of this one.
  ///   - passwordFile: a file whose first line is the password of both roles.
  /// - Throws: ``RecoverError`` `usage` for URLs that libpq refuses, `unreachable` for the password file.
  package init(
    url: String, adminURL: String?, maintenanceDatabase: String?, passwordFile: String?, drivers: StepDrivers,
    mark: String
  ) throws {
    func settings(_ url: String) throws -> ConnectionSettings {
      try Self.settings(url: url, passwordFile: passwordFile, drivers: drivers, mark: mark)
    }
    ordinary = try settings(url)
    admin = try settings(adminURL ?? url)
    self.maintenanceDatabase = maintenanceDatabase
  }

  /// The settings of a URL, with the password that this process was given or a file holds.
  package static func settings(
    url: String, passwordFile: String?, drivers: StepDrivers, mark: String
  ) throws -> ConnectionSettings {
    let settings = try ConnectionSettings(url).replacing(applicationName: mark)
    guard let password = try drivers.databasePassword ?? passwordFile.map(Self.password(in:)) else { return settings }
    return settings.replacing(password: password)
  }

  package init(_ bindings: DatabaseBindings, drivers: StepDrivers, mark: String) throws {
    try self.init(
      url: bindings.url, adminURL: bindings.adminURL, maintenanceDatabase: bindings.maintenanceDatabase,
      passwordFile: bindings.passwordFile, drivers: drivers, mark: mark)
  }

  /// Settings of the role that loads and whose applications are served.
  package func settings(for database: String) -> ConnectionSettings { ordinary.replacing(database: database) }

  /// Settings of the role that creates, renames and drops.
  package func adminSettings(for database: String) -> ConnectionSettings { admin.replacing(database: database) }

  /// Settings of the administrative role and the maintenance database; only after it was chosen.
  package var maintenanceSettings: ConnectionSettings { admin.replacing(database: maintenanceDatabase ?? "postgres") }

  /// Connects as the role that loads, with nothing left to a role's or a database's defaults.
  package func connect(to database: String, _ interruption: Interruption?) throws -> Connection {
    var connection = try Connection(settings(for: database), interruption: interruption)
    try connection.pin(.steady)
    return connection
  }

  /// Connects as the role that creates, renames and drops.
  package func connectAsAdmin(to database: String, _ interruption: Interruption?) throws -> Connection {
    try Connection.administrative(adminSettings(for: database), interruption: interruption)
  }

  /// Connects to the maintenance database: the one that was named, else `postgres`, else `template1`.
  package func connectToMaintenance(_ interruption: Interruption?) throws -> Connection {
    if let maintenanceDatabase { return try connectAsAdmin(to: maintenanceDatabase, interruption) }
    do {
      return try connectAsAdmin(to: "postgres", interruption)
    } catch let error as RecoverError where error.code == .unreachable {
      // Perhaps there is no such database: libpq does not say why the server let nobody in.
      guard let connection = try? connectAsAdmin(to: "template1", interruption) else { throw error }
      return connection
    }
  }

  /// The first line of a file that nobody else may read.
  static func password(in file: String) throws -> Secret {
    var status = stat()
    guard unsafe stat(file, &status) == 0 else {
      throw RecoverError.system(
        .unreachable, "can't read the password file \(file)",
        hint: "make it with mode 600, or leave password-file out of the policy for libpq's own sources")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw RecoverError(
        .missingRequirement, "the password file \(file) can be read by others", hint: "chmod 600 \(file)")
    }
    var source = try FileSource(path: file)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
    return Secret(String(decoding: bytes.prefix(count).prefix { $0 != 10 && $0 != 13 }, as: UTF8.self))
  }
}
