internal import HostKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// The pg_dump program of a server's version.
struct DumpProgram: Sendable {
  /// The name or the path to run.
  let path: String
  /// Its version: `15.18`.
  let version: String

  /// Finds it: where Debian and Red Hat keep one for each version, then in `PATH`.
  ///
  /// A newer one would write what an older server can't read back, an older one refuses.
  ///
  /// - Parameter context: of the step that asks; nothing of it is journaled.
  /// - Throws: ``RecoverError`` `missingRequirement` with what was found instead.
  static func find(serverVersion: Int, _ context: StepContext) async throws -> DumpProgram {
    let questions = ChildContext(run: context.run.text, epoch: context.epoch, logFile: "/dev/null") { _ in }
    return try await find(serverVersion: serverVersion, purpose: "the safety dump", questions)
  }

  /// ``find(serverVersion:_:)`` for any purpose.
  static func find(serverVersion: Int, purpose: String, _ context: ChildContext) async throws -> DumpProgram {
    let major = serverVersion / 10_000
    var others: [String] = []
    for path in ["/usr/lib/postgresql/\(major)/bin/pg_dump", "/usr/pgsql-\(major)/bin/pg_dump", "pg_dump"] {
      guard let version = try await version(of: path, context) else { continue }
      if version.major == major { return DumpProgram(path: path, version: version.text) }
      others.append("\(path) is of \(version.text)")
    }
    let found = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
    throw RecoverError(
      .missingRequirement, "\(purpose) needs pg_dump of PostgreSQL \(major), which is not on this machine\(found)",
      hint: "install it (Debian: postgresql-client-\(major)), or put it first in PATH")
  }

  /// What `pg_dump --version` says: `pg_dump (PostgreSQL) 15.18 (Debian ...)`; nil where it is not there.
  private static func version(of path: String, _ context: ChildContext) async throws -> DumpVersion? {
    let questions = ChildContext(run: context.run, epoch: context.epoch, logFile: "/dev/null") { _ in }
    do {
      let result = try await ChildProcess.run(
        Command([path, "--version"]), kind: .probe, in: questions, deadline: .after(.seconds(20)), outputBytes: 256)
      guard case .exited(0) = result.ending else { return nil }
      let words = String(decoding: result.output, as: UTF8.self).split(separator: " ")
      return words.dropFirst(2).first.flatMap { DumpVersion(String($0.filter { $0 != "\n" })) }
    } catch let error as RecoverError where error.code == .unreachable {
      return nil
    }
  }

  /// Dumps a database as it is in a snapshot into a gzip file that exists.
  ///
  /// Without `--create`: what it would say of the database itself would carry the fence, which makes it read-only, into
  /// whatever is restored from it. The connection is made as ours are; a password goes by the environment.
  ///
  /// - Throws: ``RecoverError`` `stepFailed` with pg_dump's last line.
  func dump(_ settings: ConnectionSettings, snapshot: String, to file: String, _ context: StepContext) async throws {
    try context.makeDirectory()
    var environment: [String: String] = [:]
    if let password = settings.password { environment["PGPASSWORD"] = password.reveal() }
    let arguments = [
      path, "--format=plain", "--compress=6", "--snapshot=\(snapshot)", "--lock-wait-timeout=60s",
      "--no-password", "--file=\(file)", "--dbname=\(settings.forgettingSecrets().redactedURL)",
    ]
    let result = try await ChildProcess.run(
      Command(arguments, environment: environment), kind: .run, in: ChildContext(context))
    try result.requireSuccess("the safety dump", logFile: context.logFile)
  }
}
