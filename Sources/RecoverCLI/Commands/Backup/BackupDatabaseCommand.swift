internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover backup db`: one consistent snapshot of a database as an ordinary `.sql.gz`, with its proof beside it.
struct BackupDatabaseCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "db", abstract: "Back up a PostgreSQL database: an ordinary .sql.gz, and its proof.",
    usage: "recover backup db [<name>] [<options>]",
    discussion: """
      Examples:
        recover backup db app
        recover backup db --database postgres://app@db1/app --repository /backups
        recover db --from /backups/db/app/20261123T020000Z-01ng87a5pnrc

      All tables are locked against ALTER and TRUNCATE, and read over several
      connections in one snapshot; reading and writing go on. What is written is
      what pg_dump writes, as independent gzip members: gunzip -c | psql restores
      it, and recover db loads it in parallel and compares the content of every
      table with the sums that were taken here. A backup that is killed never
      gets its name; the next one removes what it left.
      """)

  @Argument(help: ArgumentHelp("The database's name in the policy.", valueName: "name"))
  var name: String?
  @Option(help: ArgumentHelp("The database: a URL, or a name of the policy.", valueName: "url|name"))
  var database: String?
  @Option(
    help: ArgumentHelp("How many connections read; as many as there are cores unless given.", valueName: "number"))
  var jobs: Int?
  @Flag(help: "Keep the server's roles in a file of their own, roles.sql.")
  var withRoles = false
  @Option(help: ArgumentHelp("How hard to compress, from 1 to 9.", valueName: "number"))
  var level = 6
  @Option(help: ArgumentHelp("Sign the manifest with this Ed25519 key (PEM, mode 0600).", valueName: "file"))
  var signKey: String?
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    guard name == nil || database == nil else {
      throw RecoverError(.usage, "the database is named twice", hint: "leave out --database or the name before it")
    }
    guard (1...9).contains(level) else {
      throw RecoverError(.usage, "--level takes a number from 1 to 9, not \(level)", hint: "6 is gzip's own")
    }
    guard (1...64).contains(jobs ?? 1) else {
      throw RecoverError(.usage, "--jobs takes a number from 1 to 64, not \(jobs ?? 0)", hint: "one for each core")
    }
    let composition = try Composition(global)
    let policy = try composition.policies(global).policy
    let request = try request(composition, policy)
    let progress = LiveProgress(mode: global.json || global.quiet ? .silent : .automatic, steps: ["backup"])
    let backup = DatabaseBackup(request) { state in
      progress.update(
        step: "backup",
        Progress(
          doneBytes: state.doneBytes, totalBytes: state.totalBytes > 0 ? state.totalBytes : nil,
          detail: state.activity))
    }
    defer { progress.clear() }
    let done = try await CancelledBySignals.run { try await backup.perform() }
    progress.clear()
    return try answer(done, request.name).write(global)
  }

  private func request(_ composition: Composition, _ policy: Policy) throws -> BackupRequest {
    let chosen = database ?? name
    let address = try DatabaseAddress.resolve(chosen, in: policy)
    let run = RunID(seconds: WallTime.now.microseconds / 1_000_000, random: UInt32.random(in: 0..<1 << 20)).text
    let settings = try address.backupSettings(
      drivers: composition.drivers(password: address.password), mark: "recover/\(run)/1")
    let policyName = policy.databases.first { $0.value == address.policy }?.key
    let isName = chosen.map { !$0.contains("://") && !$0.contains("=") } ?? true
    var request = BackupRequest(
      name: isName ? chosen ?? policyName ?? address.name : address.name, settings: settings,
      repository: try repository.directory(global, policy),
      jobs: jobs ?? WorkerCount.forReading, toolVersion: RecoverVersion.text, run: run)
    request.withRoles = withRoles
    request.level = level
    if let codec = ProcessEnvironment.value("RECOVER_GZIP_CODEC") { try request.chooseCodec(codec) }
    request.signingKey = try signKey.map { try KeyFile.signing(global.absolute($0)) }
    return request
  }

  private func answer(_ done: FinishedBackup, _ name: String) -> Answer {
    let rate = done.duration.seconds > 0 ? ByteCount(Int64(Double(done.contentBytes) / done.duration.seconds)) : nil
    let leftOut = done.leftOut.isEmpty ? "" : "\nleft out: \(done.leftOut.joined(separator: ", ")), of recover itself"
    return Answer(
      text: """
        backed up \(name): \(done.tables) tables, \(done.rows) rows, \(ByteCount(done.contentBytes)) in \
        \(ByteCount(done.bytes)), \(ElapsedText.text(done.duration))\(rate.map { ", \($0)/s" } ?? "")
        \(done.directory)\(leftOut)
        """,
      rows: [
        [
          "kind": "backup", "database": .string(name), "id": .string(done.id), "directory": .string(done.directory),
          "bytes": .integer(done.bytes), "content-bytes": .integer(done.contentBytes),
          "tables": .integer(Int64(done.tables)), "rows": .integer(done.rows),
          "milliseconds": .integer(done.duration.nanoseconds / 1_000_000),
          "left-out": .array(done.leftOut.map { .string($0) }),
        ]
      ])
  }
}
