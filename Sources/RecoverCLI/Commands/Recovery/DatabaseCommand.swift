internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover db --from BACKUP`: restores a database beside the live one, proves it, and swaps it in.
struct DatabaseCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "db", abstract: "Restore a PostgreSQL database beside the live one, prove it, swap it in.",
    discussion: """
      Examples:
        recover db --from backup.sql --database postgres://app@db1/app --plan
        recover db --from backup.sql.gz --database app --yes
        recover db --from backup.dump --database app --yes       (pg_dump -Fc)
        gunzip -c backup.sql.gz | recover db --from - --database app --yes
        recover db --from backup.sql --serve all --confirm app   (production)
        recover db --from backup.sql --in-place --confirm app    (no room for two)

      The live database is not touched until its replacement is loaded and
      proved; it is kept afterwards, and `recover undo` swaps it back. With
      --in-place it is dumped, the dump is proved, and then it is dropped: the
      way back is that dump.
      """)

  @Option(
    help: ArgumentHelp(
      "The backup: a dump in SQL, plain or gzip, an archive of pg_dump (-Fc, -Fd, -Ft), or a directory that recover backup made; - for standard input.",
      valueName: "file|dir"))
  var from: String

  @Option(help: ArgumentHelp("Refuse a backup whose manifest this Ed25519 key did not sign.", valueName: "file"))
  var publicKey: String?

  @Option(help: ArgumentHelp("The database: a URL, or a name of the policy.", valueName: "url|name"))
  var database: String?

  @Option(help: ArgumentHelp("Which database of a pg_dumpall file.", valueName: "name"))
  var segment: String?

  @Option(help: ArgumentHelp("What the live database does meanwhile: none, read-only or all.", valueName: "mode"))
  var serve: String?

  @Flag(help: "Drop the live database first: for when two copies do not fit. Wants --confirm NAME.")
  var inPlace = false

  @Option(help: ArgumentHelp("Where --in-place dumps the live database to first.", valueName: "dir"))
  var safetyDump: String?

  @OptionGroup var action: ActionOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let serve = try serveMode()
    let composition = try Composition(global)
    let policies = try composition.policies(global)
    let address = try DatabaseAddress.resolve(database, in: policies.policy)
    guard from == "-" else {
      return try await recover(try file(global.absolute(from)), at: address, serve, policies, composition)
    }
    return try await SpoolKeeper(composition).withStandardInput {
      try await recover($0, at: address, serve, policies, composition)
    }
  }

  private func recover(
    _ backup: BackupReference, at address: DatabaseAddress, _ serve: ServeMode?, _ policies: PolicySet,
    _ composition: Composition
  ) async throws -> ExitStatus {
    let drivers = composition.drivers(password: address.password)
    let request = DatabaseRequest(
      database: database, backup: backup, publicKey: publicKey.map(global.absolute), segment: segment, serve: serve,
      inPlace: try inPlaceBindings(composition))
    let plan = try await DatabasePlanner(policy: policies.policy, drivers: drivers)
      .plan(request, at: address, procedure: try policies.procedure(named: inPlace ? "db-in-place" : "db"))
    return try await PlannedRun(composition: composition, global: global, action: action)
      .confirmAndPerform(plan, drivers: drivers)
  }

  /// What `--in-place` and its place for the dump mean; a safety dump alone would mean nothing.
  private func inPlaceBindings(_ composition: Composition) throws -> InPlaceBindings? {
    guard inPlace else {
      guard safetyDump == nil else {
        throw RecoverError(
          .usage, "--safety-dump is for --in-place: every other recovery keeps the previous database itself",
          hint: "leave --safety-dump out")
      }
      return nil
    }
    return InPlaceBindings(
      safetyDirectory: safetyDump.map(global.absolute) ?? "\(composition.stateDirectory)/safety")
  }

  private func serveMode() throws -> ServeMode? {
    guard let serve else { return nil }
    guard let mode = ServeMode(rawValue: serve) else {
      let modes = ["none", "read-only", "all"]
      throw RecoverError(
        .usage, "--serve takes `none`, `read-only` or `all`, not `\(serve)`",
        hint: NearestName.hint(serve, among: modes) ?? "recover db --help says what they mean")
    }
    return mode
  }

  private func file(_ path: String) throws -> BackupReference {
    do {
      return try BackupFile(path: BackupDirectory.dump(at: path)).reference()
    } catch var error as RecoverError where error.hint == nil {
      error.hint = "name the dump with --from FILE, or - for standard input"
      throw error
    }
  }
}
