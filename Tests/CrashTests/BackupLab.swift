internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Backups of a lab's server, made by the real binary.
extension RecoverLab {
  var repository: String { "\(directory)/backups" }

  /// Runs `recover backup db` on a database of the server.
  func backup(
    _ database: String, _ options: [String] = [], user: String = "postgres", environment: [String: String] = [:]
  ) throws -> TestProcess.Result {
    try recover(
      ["backup", "db", "--database", server.url(database, user: user), "--repository", repository, "--json"] + options,
      environment: environment)
  }

  /// Makes a backup, and gives its directory.
  func makeBackup(
    _ database: String, _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> String {
    let result = try backup(database, options, environment: environment)
    try #require(result.status == 0, "\(result.errorText)\(result.outputText)")
    let first = try #require(result.outputText.split(separator: "\n").first)
    let line = try JSONValue.decode(JSONValue.self, from: Array(first.utf8))
    return try #require(line["directory"]?.string)
  }

  /// The decompressed dump in a backup's directory, as gunzip gives it.
  func dumpText(_ backup: String) throws -> String {
    String(decoding: try TestProcess.output(["sh", "-c", "gunzip -c \"$0\"/*.sql.gz", backup]), as: UTF8.self)
  }

  /// What psql makes of a backup: `gunzip -c | psql`.
  func contentByPsql(ofBackup backup: String, options: String = "") throws -> [String] {
    try server.withDatabase("psql", options: options) { database in
      let psql = (["psql", "-qX", "--set=ON_ERROR_STOP=1"] + server.connectionArguments(database))
        .map { "'\($0)'" }.joined(separator: " ")
      try TestProcess.output(["sh", "-c", "gunzip -c \"$0\"/*.sql.gz | \(ScratchPostgres.programs)\(psql)", backup])
      return try content(of: database)
    }
  }

  /// The lines of a dump in no order, without what sets the session: what two dumps of one database share.
  static func statements(_ dump: String) -> [String] {
    DumpText.normalized(dump).filter { !$0.hasPrefix("SET ") && !$0.hasPrefix("SELECT pg_catalog.set_config(") }
      .sorted()
  }

  /// What a backup's directory holds, by name.
  func files(_ path: String) throws -> [String] {
    String(decoding: try TestProcess.output(["ls", "-A", path]), as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
