internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.inspect`: whether the backup is whole and fits this server, whether we may, and what would be lost.
///
/// Reads the whole backup once; nothing has stopped when it refuses.
struct InspectStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let began = Moment.now
    var manifest = try await checkBackup(work, context, members: !work.bindings.isPartial)
    // People decide by a preview; a run that was decided on need not look.
    let mark = context.epoch == 0 && work.bindings.liveOID != nil ? await LiveWrites(work).mark() : nil
    let dump = try await read(work, context)
    if work.bindings.isPartial, manifest != nil, dump.excerpt == nil {
      manifest = try await checkBackup(work, context, members: true)
    }
    var choice = try DumpChoice(dump.survey, bindings: work.bindings)
    let read = Moment.now - began
    var tables: TablesReport?
    var match: RowsMatch?
    let findings: ServerInspection.Findings
    if let selection = work.bindings.exchange?.selection, let rows = work.bindings.exchange?.rows {
      let found = try await examine(rows, of: selection, work, choice, dump)
      (tables, findings, match) = (found.tables.report, found.tables.server, found.match)
      choice = choice.only(found.tables.part)
    } else if let selection = work.bindings.exchange?.selection {
      let found = try await examine(selection, work, choice, dump)
      (tables, findings) = (found.report, found.server)
      choice = choice.only(found.part)
    } else {
      findings = try await examine(work, choice)
    }
    var notes = findings.warnings
    if let inPlace = work.bindings.inPlace {
      notes += try await InPlaceInspection(work: work, inPlace: inPlace).examine(findings.live, context)
    }
    let differences = findings.differences
    let report = InspectReport(
      sha256: choice.survey.digest, dumpBytes: choice.survey.byteCount, manifest: manifest,
      excerpt: dump.excerpt, segment: choice.database,
      tableCount: choice.tables.count, rowCount: choice.rowCount, objectCount: choice.objectCount,
      origin: choice.origin, live: findings.live, creation: findings.creation,
      propertyStatements: choice.propertyStatements(for: work.bindings.name),
      warnings: choice.warnings(serverVersion: work.bindings.server.version, name: work.bindings.name)
        + notes,
      differences: Array(differences.prefix(InspectReport.differenceLimit)),
      furtherDifferences: max(0, differences.count - InspectReport.differenceLimit),
      agreeingTables: findings.agreeingTables, readBy: try await readBy(work.bindings.backup.path),
      serialBecause: try serialReason(dump.index, choice, work.bindings),
      readMilliseconds: read.nanoseconds / 1_000_000, tables: tables, match: match,
      recentWrites: RecentWrites(await LiveWrites(work).count(since: mark), over: Moment.now - began),
      selection: dump.part.map { SelectionReport($0.selected, of: dump.whole, dump.excerpt) })
    return try JSONValue(encoding: report)
  }

  /// Looks at the server for a database that is replaced as a whole.
  private func examine(_ work: DatabaseWork, _ choice: DumpChoice) async throws -> ServerInspection.Findings {
    try choice.refuseEscapes()
    try choice.refuseLedger()
    let promised = try await promised(work.bindings)
    return try await work.onMaintenance { connection, interruption in
      try ServerInspection(work: work, choice: choice, promised: promised).examine(&connection, interruption)
    }
  }

  /// Looks at the live database for single tables that are replaced; what else the backup holds is not run.
  private func examine(
    _ selection: DumpSelection, _ work: DatabaseWork, _ choice: DumpChoice, _ dump: RestoredDump
  ) async throws -> TablesInspection.Findings {
    let access = work.access
    return try await work.onLive { live, interruption in
      var maintenance = try access.connectToMaintenance(interruption)
      return try TablesInspection(work: work, choice: choice, map: dump.file, file: dump.backup)
        .examine(selection, maintenance: &maintenance, &live, interruption)
    }
  }

  /// Looks at the live table that rows are added to.
  private func examine(
    _ rows: RowsBindings, of selection: DumpSelection, _ work: DatabaseWork, _ choice: DumpChoice,
    _ dump: RestoredDump
  ) async throws -> RowsInspection.Findings {
    let access = work.access
    return try await work.onLive { live, interruption in
      var maintenance = try access.connectToMaintenance(interruption)
      return try RowsInspection(work: work, choice: choice, map: dump.file, file: dump.backup, rows: rows)
        .examine(selection, maintenance: &maintenance, &live, interruption)
    }
  }

  /// The roles and tablespaces that the run makes.
  private func promised(_ bindings: DatabaseBindings) async throws -> Globals {
    guard bindings.withRoles == true else { return Globals() }
    let globals = try await GlobalsFile.read(bindings.backup)
    guard !globals.roles.isEmpty || !globals.tablespaces.isEmpty else { throw GlobalsFile.nothing(bindings) }
    return Globals(roles: globals.roles, tablespaces: globals.tablespaces)
  }

  /// Which program makes SQL of the backup.
  private func readBy(_ path: String) async throws -> String? {
    try await BlockingThread.run("recover-look") { try BackupFile(path: path).archive?.programText($0) }
  }

  /// Compares a backup of ours with its manifest; nil for any other dump.
  ///
  /// - Parameter members: whether its dump is read; where not all of it is needed, that is done when that is known.
  private func checkBackup(_ work: DatabaseWork, _ context: StepContext, members: Bool) async throws -> Digest? {
    let (path, size) = (work.bindings.backup.path, work.bindings.backup.sizeBytes)
    let key = try work.bindings.publicKey.map { try KeyFile.verifying($0) }
    guard let backup = BackupDirectory.containing(path) else {
      guard key == nil else {
        throw RecoverError(
          .backupRefused, "\(path) has no manifest beside it that could be signed",
          hint: "--public-key none takes a dump that recover backup did not make")
      }
      return nil
    }
    let reporter = context.reporter
    return try await BlockingThread.run("recover-check") { interruption in
      if let key { try backup.checkSignature(key) }
      guard members else { return try BackupCheck(backup).checkBesideMembers(interruption).digest }
      return try BackupCheck(backup).perform(interruption) { bytes in
        reporter.progress(Progress(doneBytes: bytes, totalBytes: size, detail: "comparing with the manifest"))
      }.digest
    }
  }

  /// One pass over the backup; kept beside the journal for the steps that need its details.
  private func read(_ work: DatabaseWork, _ context: StepContext) async throws -> RestoredDump {
    let directory = context.epoch > 0 ? context.directory : nil
    let dump = try await RestoredDump.read(work.bindings, reporter: context.reporter, keepingIn: directory)
    if let directory { try SurveyFile.keep(dump.survey, in: directory) }
    return dump
  }

  /// Why one connection will load, where several were planned.
  private func serialReason(_ index: DumpIndex, _ choice: DumpChoice, _ bindings: DatabaseBindings) throws -> String? {
    guard let tuning = bindings.tuning, tuning.jobs > 1 else { return nil }
    let places = LoadPlaces(try BackupFile(path: bindings.backup.path), index: index)
    return DumpLoader.serialReason(places, tuning, rules: LoadRules(database: choice.database))
  }
}

/// The survey of a run's backup, on disk: too large for the journal where a dump has many tables.
enum SurveyFile {
  /// Reads the whole backup.
  static func scan(_ backup: BackupReference, reporter: (any StepReporter)? = nil) async throws -> (
    survey: DumpSurvey, file: DumpIndexFile
  ) {
    try await BlockingThread.run("recover-survey") { interruption in
      let file = try BackupFile(path: backup.path)
      // How much SQL an archive holds is known when it was read.
      let total = file.archive == nil ? backup.sizeBytes : nil
      return try DumpIndexFile.make(backup, of: file, in: nil, interruption: interruption) { bytes in
        reporter?.progress(Progress(doneBytes: bytes, totalBytes: total))
      }
    }
  }

  /// Which dump of a run was surveyed.
  enum Subject: String {
    case backup = "survey"
    case safetyDump = "safety-survey"
  }

  static func keep(_ survey: DumpSurvey, in directory: String, as subject: Subject = .backup) throws {
    try RunDirectory.make(directory)
    try RunDirectory.write(try JSONValue.canonicalBytes(of: survey), to: path(of: subject, in: directory))
  }

  /// The kept survey; made again where the file is gone.
  static func load(
    _ backup: BackupReference, context: StepContext, as subject: Subject = .backup
  ) async throws -> DumpSurvey {
    if let kept = kept(in: context.directory, as: subject) { return kept }
    return try await scan(backup, reporter: context.reporter).survey
  }

  /// The kept survey of what the run restores; made again where the file is gone.
  static func load(_ bindings: DatabaseBindings, context: StepContext) async throws -> DumpSurvey {
    if let kept = kept(in: context.directory, as: .backup) { return kept }
    return try await RestoredDump.read(bindings, reporter: context.reporter).survey
  }

  private static func kept(in directory: String, as subject: Subject) -> DumpSurvey? {
    guard let bytes = try? RunDirectory.read(path(of: subject, in: directory)) else { return nil }
    return try? JSONValue.decode(DumpSurvey.self, from: bytes)
  }

  private static func path(of subject: Subject, in directory: String) -> String {
    "\(directory)/\(subject.rawValue).json"
  }
}
