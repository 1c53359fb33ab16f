internal import HostKit
internal import PostgresKit
internal import RecoverBase

/// pg_dump and its companions, of a server's version, as a backup runs them.
struct DumpTools: Sendable {
  /// The name or the path of pg_dump.
  let pgDump: String
  /// What `pg_dump --version` says: `15.18`.
  let version: String
  /// Schemas that are recover's own: no part of a backup.
  let leftOut: [String]
  private let context: ChildContext
  private let settings: ConnectionSettings
  private let isSuperuser: Bool

  /// Finds them.
  ///
  /// - Parameter directory: where their messages go.
  /// - Throws: ``RecoverError`` `missingRequirement` where there is none of the server's version.
  static func find(
    server: ServerLook, _ settings: ConnectionSettings, run: String, directory: String
  ) async throws -> DumpTools {
    // Not a run of the engine: a backup leaves nothing behind that another epoch would have to end.
    let context = ChildContext(run: run, epoch: 1, logFile: "\(directory)/tools.log") { _ in }
    let program = try await DumpProgram.find(serverVersion: server.version, purpose: "a backup", context)
    return DumpTools(
      pgDump: program.path, version: program.version, leftOut: server.ownSchemas, context: context, settings: settings,
      isSuperuser: server.isSuperuser)
  }

  /// The whole schema, as it is in a snapshot, in an archive that pg_restore takes apart.
  func dumpSchema(snapshot id: String, to archive: String) async throws {
    try await run(
      "the dump of the schema", tool: "pg_dump",
      [
        "--format=custom", "--compress=0", "--section=pre-data", "--section=post-data", "--snapshot=\(id)",
        "--lock-wait-timeout=10s", "--file=\(archive)",
      ] + leftOut.map { "--exclude-schema=\($0)" })
  }

  /// One section of such an archive as SQL.
  func writeSection(_ section: String, of archive: String, to file: String) async throws {
    try await run(
      "reading the dump of the schema", tool: "pg_restore", ["--section=\(section)", "--file=\(file)", archive],
      connects: false)
  }

  /// Large objects as SQL, and no rows of tables.
  func dumpLargeObjects(_ snapshot: DumpSnapshot, to file: String) async throws {
    try await run(
      "the dump of large objects", tool: "pg_dump",
      [
        "--format=plain", "--section=data", "--exclude-table-data=*.*", "--snapshot=\(snapshot.id)",
        "--lock-wait-timeout=10s", "--file=\(file)",
      ] + leftOut.map { "--exclude-schema=\($0)" })
  }

  /// The roles of the whole server, with the hashes of their passwords where we may read those.
  func dumpRoles(to file: String) async throws {
    let passwords = isSuperuser ? [] : ["--no-role-passwords"]
    try await run("the dump of roles", tool: "pg_dumpall", ["--roles-only", "--file=\(file)"] + passwords)
  }

  /// Passwords go by the environment.
  private func run(
    _ what: String, tool: String, _ arguments: [String], connects: Bool = true
  ) async throws {
    let path = pgDump.split(separator: "/", omittingEmptySubsequences: false).dropLast() + [Substring(tool)]
    var environment: [String: String] = [:]
    var arguments = [path.joined(separator: "/")] + arguments
    if connects {
      if let password = settings.password { environment["PGPASSWORD"] = password.reveal() }
      arguments += ["--no-password", "--dbname=\(settings.forgettingSecrets().redactedURL)"]
    }
    let result = try await ChildProcess.run(Command(arguments, environment: environment), kind: .run, in: context)
    guard result.ending != .exited(0) else { return }
    throw RecoverError(
      result.ending == .interrupted ? .interrupted : .stepFailed, "\(what): \(tool) \(result.summary)",
      hint: "try it by hand: \(tool) --schema-only")
  }
}
