internal import Glibc
internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.create-roles`: makes the roles and tablespaces of a pg_dumpall file that the server lacks.
///
/// Its undo drops what it made and nothing else: the OIDs of what it makes are journaled before they are committed, and a
/// role of the same name with another OID is somebody else's. A tablespace is made outside of any transaction; one that a
/// runner made just before it died is left, and said.
struct CreateRolesStep: Step {
  let drivers: StepDrivers
  static let crashPoints = ["before-commit", "after-commit"]
  private static let rolesCheckpoint = "roles"
  private static let tablespacesCheckpoint = "tablespaces"

  func observe(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let globals = try await GlobalsFile.read(work.bindings.backup)
    guard !globals.roles.isEmpty || !globals.tablespaces.isEmpty else { throw GlobalsFile.nothing(work.bindings) }
    let missing = try await work.onMaintenance { connection, _ in
      try GlobalsCreation.missing(of: globals, &connection)
    }
    return try JSONValue(encoding: missing)
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    guard let missing = try context.snapshot?.decoded(as: Globals.self), !missing.isEmpty else {
      return try JSONValue(encoding: RolesEvidence(rolesMade: [], tablespacesMade: []))
    }
    let creation = GlobalsCreation(try await GlobalsFile.read(work.bindings.backup), missing: missing)
    let made = try made(context)
    let (access, server, reporter) = (work.access, work.bindings.server, context.reporter)
    return try await Checkpoints.run("recover-roles", reporter: reporter) { interruption, checkpoints in
      var connection = try access.connectToMaintenance(interruption)
      try ServerIdentity.read(&connection).check(isServer: server)
      let there = try GlobalOIDs.read(missing, &connection)
      // One transaction made all of them, or none.
      if !made.roles.contains(where: { there.roles[$0.key] == $0.value }) {
        try creation.makeRoles(&connection) { oids in
          try checkpoints.putDurably(Self.rolesCheckpoint, try JSONValue(encoding: oids), interruption)
          reporter.reach("before-commit")
        }
        reporter.reach("after-commit")
      }
      var tablespaces = made.tablespaces
      for name in missing.tablespaces where there.tablespaces[name] == nil {
        try creation.makeTablespace(name, &connection)
        tablespaces[name] = try GlobalOIDs.read(Globals(tablespaces: [name]), &connection).tablespaces[name]
        try checkpoints.putDurably(Self.tablespacesCheckpoint, try JSONValue(encoding: tablespaces), interruption)
      }
      return try JSONValue(
        encoding: RolesEvidence(rolesMade: missing.roles, tablespacesMade: tablespaces.keys.sorted()))
    }
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let work = try DatabaseWork(context, drivers)
    guard let missing = try context.snapshot?.decoded(as: Globals.self) else { return .holds }
    let there = try await work.onMaintenance { connection, _ in try GlobalOIDs.read(missing, &connection) }
    let lacking =
      (missing.roles.filter { there.roles[$0] == nil }
        + missing.tablespaces.filter { there.tablespaces[$0] == nil })
    return lacking.isEmpty ? .holds : .fails("\(lacking.joined(separator: ", ")) is not there")
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let made = try made(context)
    let kept = try await work.onMaintenance { connection, _ in try made.drop(&connection) }
    return try JSONValue(encoding: kept)
  }

  /// What earlier attempts made, or would have made if they had come to commit it.
  private func made(_ context: StepContext) throws -> GlobalOIDs {
    GlobalOIDs(
      roles: try context.checkpoints[Self.rolesCheckpoint]?.decoded(as: [String: UInt32].self) ?? [:],
      tablespaces: try context.checkpoints[Self.tablespacesCheckpoint]?.decoded(as: [String: UInt32].self) ?? [:])
  }
}

/// What the making of roles leaves in the journal: names alone.
private struct RolesEvidence: Codable {
  var rolesMade: [String]
  var tablespacesMade: [String]
}

/// The globals of a backup.
enum GlobalsFile {
  /// Reads the front of the backup, on a thread of its own.
  static func read(_ backup: BackupReference) async throws -> DumpGlobals {
    try await BlockingThread.run("recover-globals") { interruption in
      let file = try BackupFile(path: backup.path)
      try file.check(backup)
      // A backup of ours keeps its roles in a file of their own.
      let roles = BackupDirectory.containing(backup.path).map { "\($0.path)/roles.sql" }
      if let roles, unsafe access(roles, F_OK) == 0 {
        var reader = DumpReader(try FileSource(path: roles), named: roles)
        return try DumpGlobals(reading: &reader, interruption: interruption)
      }
      var reader = DumpReader(try BackupSource(file, interruption), named: backup.path)
      return try DumpGlobals(reading: &reader, interruption: interruption)
    }
  }

  static func nothing(_ bindings: DatabaseBindings) -> RecoverError {
    RecoverError(
      .usage,
      "\(bindings.backup.path) makes no roles: --with-roles is for files of pg_dumpall, and backups made with it",
      hint: "leave --with-roles out; pg_dumpall --globals-only | psql brings the roles of a server")
  }
}
