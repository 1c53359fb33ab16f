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
        recover db --from pre.sql --from data.sql --from post.sql --database app
        recover db --from all.sql --list-databases               (pg_dumpall)
        recover db --from all.sql --all-databases --database postgres://db1/app
        recover db --from backup.sql --serve all --confirm app   (production)
        recover db --from backup.sql --in-place --confirm app    (no room for two)
        recover db --from backup.sql --list                      (what it holds)
        recover db --from backup.sql --table public.orders       (one table, live)
        recover db --from backup.sql --table 'public.order*' --into orders_copy
        recover db --from backup.sql --rows-into public.orders   (what it lacks)

      The live database is not touched until its replacement is loaded and
      proved; it is kept afterwards, and `recover undo` swaps it back. With
      --in-place it is dumped, the dump is proved, and then it is dropped: the
      way back is that dump. With --table only these tables of it are replaced,
      while everything serves on. --rows-into adds to one table the rows that it
      lacks, by its key; those that it has stay as they are, and those that
      differ are counted. With --into NAME what is selected, or all of the
      backup, goes into a new database, and nothing is replaced. Several --from
      are the parts of one dump, in their order (pg_dump --section): they are put
      together in the state directory.

      --table, --schema and --exclude-table take patterns as pg_dump does: * and ?
      for other characters, "double quotes" for names as they are. A name without
      a schema is looked for in all of them. With --into, what a table needs comes
      with it; what needs another table (a foreign key, a view) is left out, and
      listed.
      """)

  @Option(
    help: ArgumentHelp(
      "The backup: SQL, plain, gzip or zstd, an archive of pg_dump (-Fc, -Fd, -Ft), or a directory that recover backup made; - for standard input.",
      valueName: "file|dir"))
  var from: [String]

  @Option(
    help: ArgumentHelp(
      "Refuse a backup whose manifest this Ed25519 key did not sign; none takes any, whatever the policy wants.",
      valueName: "file"))
  var publicKey: String?

  @Option(help: ArgumentHelp("The database: a URL, or a name of the policy.", valueName: "url|name"))
  var database: String?

  @Option(help: ArgumentHelp("Which database of a pg_dumpall file.", valueName: "name"))
  var segment: String?

  @Flag(help: "List the databases of a pg_dumpall file, and do nothing.")
  var listDatabases = false

  @Flag(help: "Restore every database of a pg_dumpall file to the server of --database, one run each.")
  var allDatabases = false

  @Flag(help: "Make the roles and tablespaces of a pg_dumpall file that the server lacks; those it has are left alone.")
  var withRoles = false

  @Option(help: ArgumentHelp("What the live database does meanwhile: none, read-only or all.", valueName: "mode"))
  var serve: String?

  @Option(
    help: ArgumentHelp(
      "Over how many connections to load; unless given, one for each core of this machine, and one for a small backup.",
      valueName: "n"))
  var jobs: Int?

  @Flag(help: "Drop the live database first: for when two copies do not fit. Wants --confirm NAME.")
  var inPlace = false

  @Option(help: ArgumentHelp("Where --in-place dumps the live database to first.", valueName: "dir"))
  var safetyDump: String?

  @Flag(
    name: .customLong("list"), help: "List the objects, rows and sizes of the backup; asks no server, restores nothing."
  )
  var listsContent = false

  @OptionGroup var part: SelectionOptions
  @OptionGroup var action: ActionOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let (serve, wants) = (try serveMode(), try wanted())
    try part.check(against: replacingOptions)
    _ = try exchange()
    let composition = try Composition(global)
    if listsContent {
      try refuseOtherOptions()
      let command = self
      return try await withBackup(composition) { backup in
        let inspection = try await BackupInspection.read(
          backup, selection: try command.part.selection(), segment: command.segment)
        return try BackupListView.answer(inspection).write(command.global)
      }
    }
    let policies = try composition.policies(global)
    let address = wants == .list ? nil : try DatabaseAddress.resolve(database, in: policies.policy)
    let command = self
    return try await withBackup(composition) { backup in
      guard let address else { return try await command.list(backup) }
      guard wants == .all else {
        return try await command.recover(
          backup, segment: command.segment, at: address, serve, policies, composition, confirm: command.action.confirm)
      }
      return try await command.recoverAll(backup, at: address, policies.policy) { sibling, name, confirm in
        try await command.recover(
          backup, segment: name, at: sibling, serve, policies, composition, confirm: confirm)
      }
    }
  }

  /// A list asks no server and restores nothing; an option that means nothing is a mistake.
  private func refuseOtherOptions() throws {
    let others = [database, serve, safetyDump, publicKey, part.into, part.rowsInto, part.isSelecting ? nil : segment]
    guard !others.contains(where: { $0 != nil }), !inPlace, !withRoles, !listDatabases, !allDatabases else {
      throw RecoverError(
        .usage, "--list asks no server and restores nothing",
        hint: "leave out every option but --from, --list and what selects tables")
    }
  }

  /// Options that are given and mean something only where live databases are replaced, or none is chosen.
  private var replacingOptions: [String] {
    [
      (inPlace, "--in-place"), (safetyDump != nil, "--safety-dump"), (serve != nil, "--serve"),
      (allDatabases, "--all-databases"), (listDatabases, "--list-databases"),
    ].filter(\.0).map(\.1)
  }

  private enum Wanted { case one, list, all }

  private func wanted() throws -> Wanted {
    let chosen = [segment != nil, listDatabases, allDatabases].count { $0 }
    guard chosen <= 1 else {
      throw RecoverError(
        .usage, "--segment, --list-databases and --all-databases are for different things",
        hint: "leave out all but one"
      )
    }
    return listDatabases ? .list : allDatabases ? .all : .one
  }

  /// Gives the backup to `body`: a file, standard input, or several files that are put together.
  private func withBackup(
    _ composition: Composition, _ body: (BackupReference) async throws -> ExitStatus
  ) async throws -> ExitStatus {
    if from == ["-"] { return try await SpoolKeeper(composition).withStandardInput(body) }
    let paths = from.map(global.absolute)
    guard !from.contains("-") else {
      throw RecoverError(
        .usage, "standard input can't be one of several parts", hint: "put them together there: cat a.sql b.sql | ...")
    }
    guard paths.count > 1 else { return try await body(try file(paths.first ?? "")) }
    for path in paths { _ = try file(path) }
    return try await SpoolKeeper(composition).withParts(paths, body)
  }

  private func recover(
    _ backup: BackupReference, segment: String?, at address: DatabaseAddress, _ serve: ServeMode?,
    _ policies: PolicySet,
    _ composition: Composition, confirm: String?
  ) async throws -> ExitStatus {
    let live = address.name
    let address = try part.into.map(address.new) ?? address
    let drivers = composition.drivers(password: address.password)
    let request = DatabaseRequest(
      database: database, backup: backup, publicKey: publicKey.map(global.absolute),
      takesUnsigned: publicKey == "none", segment: segment,
      selection: try part.into.flatMap { _ in try part.selection() }, newLike: part.into.map { _ in live },
      withRoles: withRoles, serve: serve, inPlace: try inPlaceBindings(composition), jobs: try jobCount(),
      exchange: try exchange())
    try await SelectionCheck.perform(request)
    let plan = try await DatabasePlanner(policy: policies.policy, drivers: drivers)
      .plan(request, at: address, procedure: try policies.procedure(named: procedureName))
    var action = action
    action.confirm = confirm
    return try await PlannedRun(composition: composition, global: global, action: action)
      .confirmAndPerform(plan, drivers: drivers)
  }

  /// What happens to single tables of the live database; nil where the whole of it, or a new one, is meant.
  private func exchange() throws -> ExchangeBindings? {
    if let table = part.rowsInto {
      return try ExchangeBindings(rowsInto: table, RowsBindings(key: part.key, triggers: part.triggers))
    }
    return part.isExchanging ? ExchangeBindings(selection: try part.selection()) : nil
  }

  private var procedureName: String {
    if inPlace { return "db-in-place" }
    return part.rowsInto != nil ? "db-rows" : part.isExchanging ? "db-tables" : "db"
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

  private func jobCount() throws -> Int? {
    guard let jobs, !(1...64).contains(jobs) else { return jobs }
    throw RecoverError(
      .usage, "--jobs takes a number from 1 to 64, not \(jobs)",
      hint: "as many as the server has cores is a good choice; 1 loads in the order of the backup")
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
