internal import ArgumentParser
internal import RecoverBase
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover inspect FILE`: what a backup is, and whether a server would take it; restores nothing.
struct InspectCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what a backup holds, whether it is whole, and which server wants it.",
    usage: "recover inspect <file|dir> [--database <url|name>] [<options>]",
    discussion: """
      Examples:
        recover inspect backup.sql.gz
        recover inspect backup.sql --database postgres://app@db1/app

      Reads the whole backup, and needs no server. With --database it also asks
      that server what the backup would miss there. Exit status 0 means whole
      and nothing missing, 5 that it is not, 1 that the server can't be asked.
      """)

  @Argument(
    help: ArgumentHelp(
      "The backup: SQL, plain, gzip or zstd, an archive of pg_dump, or what recover backup made.", valueName: "file|dir"
    ))
  var file: String

  @Option(help: ArgumentHelp("The database to ask: a URL, or a name of the policy.", valueName: "url|name"))
  var database: String?

  @Option(help: ArgumentHelp("Which database of a pg_dumpall file is meant.", valueName: "name"))
  var segment: String?

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let fitting = try database.map { database in
      let address = try DatabaseAddress.resolve(database, in: try composition.policies(global).policy)
      return BackupFitting(address, drivers: composition.drivers(password: address.password))
    }
    if fitting == nil, segment != nil {
      throw RecoverError(
        .usage, "--segment says which part of the backup a server is asked about", hint: "name it with --database")
    }
    let backup = try BackupFile(path: BackupDirectory.dump(at: global.absolute(file))).reference()
    try await fitting?.reach()
    let live = LiveProgress(mode: global.json || global.quiet ? .silent : .automatic, steps: ["inspect"])
    let inspection = try await BackupInspection.read(backup) { done, total, detail in
      live.update(step: "inspect", Progress(doneBytes: done, totalBytes: total, detail: detail))
    }
    live.clear()
    var view = InspectionView(inspection)
    view.estimate = TimeEstimate(
      bytes: inspection.sqlBytes, past: await PastRun.newest(in: try? composition.existingStore()))
    // What was cut off is refused whatever the server has.
    if let fitting, !inspection.isCutOff {
      view.fit = try await fitting.fit(inspection, segment: segment)
    }
    return try Answer(text: view.text, rows: view.rows, status: view.status).write(global)
  }
}
