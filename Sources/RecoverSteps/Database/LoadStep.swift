internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.load`: loads the dump into the side database, exactly, and goes on where a dead runner stopped.
///
/// Progress is a fact of the database that is being loaded, so the journal's checkpoints are for people and for
/// telling progress from crashing in circles.
struct LoadStep: Step {
  let drivers: StepDrivers
  /// After each commit.
  static let commitPoint = "commit"
  /// Where each stage of a load over several connections begins.
  static let stagePoints = LoadStage.allCases.map(\.rawValue)

  var isInterruptible: Bool { true }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    switch try await state(context) {
    case .notStarted: return .notDone
    case .inProgress(let mark): return .partial("loaded up to line \(mark.line), byte \(mark.offsetBytes)")
    case .finished: return .done(["resumed": true])
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    var (work, request) = try await parts(context)
    let backup = work.bindings.backup
    let (reporter, directory) = (context.reporter, context.directory)
    let report = try context.evidence(of: "database.inspect", as: InspectReport.self)
    request.tuning = work.bindings.tuning ?? .serial
    // pg_restore gives the rows of a table from their beginning.
    if try BackupFile(path: backup.path).archive != nil { request.partBytes = Self.wholeTableBytes }
    let outcome = try await Checkpoints.run("recover-load", reporter: reporter) {
      [request, bindings = work.bindings] interruption, checkpoints in
      let file = try BackupFile.inspected(bindings, report, keptIn: directory, interruption)
      let whole = report.selection?.sha256 ?? report.sha256
      try Self.check(file, backup, whole.hex, mapIn: directory, interruption)
      let input = try LoadInput(bindings, report, file, keptIn: directory, request.tuning, interruption)
      var request = request
      request.places = input.places
      var hooks = LoadHooks()
      hooks.progress = { progress in
        reporter.progress(
          Progress(
            doneBytes: progress.offsetBytes, totalBytes: report.dumpBytes, detail: progress.activity,
            isMeasured: !progress.isStatement))
      }
      hooks.afterCommit = { sequence in
        checkpoints.put("ledger", ["sequence": .integer(sequence)])
        reporter.reach(Self.commitPoint)
      }
      hooks.atStage = { reporter.reach($0.rawValue) }
      return try DumpLoader.load(
        request, index: input.index, hooks: hooks, interruption: interruption
      ) { try input.source(at: $0, interruption) }
    }
    return try evidence(outcome)
  }

  /// No table has more.
  private static let wholeTableBytes = 1 << 50

  /// Refuses another backup than the inspected one; a file that was merely touched is read once more, and so is an
  /// archive that is not known to give the same bytes as when it was inspected: pg_restore may be another one now.
  static func check(
    _ file: BackupFile, _ planned: BackupReference, _ digest: String, mapIn directory: String? = nil,
    _ interruption: Interruption
  ) throws {
    do {
      try file.check(planned)
      guard let archive = file.archive, let directory, try !archive.takeMap(from: directory, interruption) else {
        return
      }
      throw RecoverError(
        .drifted, "pg_restore says something else of \(file.path) than when it was inspected",
        hint: "was it upgraded meanwhile? plan again")
    } catch let error as RecoverError where error.code == .drifted {
      var reader = DumpReader(try BackupSource(file, interruption), named: file.path)
      let now = try DumpSurvey(reading: &reader, interruption: interruption).digest.hex
      guard now == digest else { throw error }
    }
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    try await state(context) == .finished ? .holds : .fails("the load is not finished")
  }

  private func state(_ context: StepContext) async throws -> LoadProbe {
    let work = try DatabaseWork(context, drivers)
    let breadcrumb = try work.breadcrumb(.side, state: .loaded).text()
    guard work.bindings.exchange != nil else {
      return try await work.onSide { connection, _ in try LoadProbe.read(&connection, breadcrumb: breadcrumb) }
    }
    let schema = try TablesWork(context, drivers).commentedSchema
    return try await work.onLive { connection, _ in
      try LoadProbe.read(&connection, .schema(schema), breadcrumb: breadcrumb)
    }
  }

  /// Loaded rows go with the side database, or with the schemas that the tables are loaded into.
  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .absent }

  private func evidence(_ outcome: LoadOutcome) throws -> JSONValue {
    let rows = outcome.rows.values.reduce(0, +)
    let remarks = (outcome.passedOver + outcome.tolerated).prefix(50)
      .map { "line \($0.line): \($0.statement): \($0.reason)" }
    var evidence = LoadEvidence(
      rows: rows, bytes: outcome.bytes, resumed: outcome.isResumed, jobs: 1, remarks: Array(remarks))
    switch outcome.order {
    case .serial(let reason): evidence.serialBecause = reason
    case .parallel(let jobs): evidence.jobs = jobs
    }
    return try JSONValue(encoding: evidence)
  }

  private func parts(_ context: StepContext) async throws -> (DatabaseWork, LoadRequest) {
    let work = try DatabaseWork(context, drivers)
    let report = try context.evidence(of: "database.inspect", as: InspectReport.self)
    var request = LoadRequest(
      target: work.access.settings(for: work.name(of: .side)), dumpName: work.bindings.backup.path,
      identity: report.sha256.hex, rules: LoadRules(database: report.segment),
      breadcrumb: try work.breadcrumb(.side, state: .loaded).text())
    if work.bindings.exchange != nil {
      let tables = try TablesWork(context, drivers)
      request.target = work.liveSettings
      request.identity = LoadLedgerDrop.identity(of: report.sha256, run: work.run.text)
      request.staging = try await tables.script().rules
    }
    return (work, request)
  }
}

/// What a load leaves in the journal.
private struct LoadEvidence: Codable {
  var rows: Int64
  var bytes: Int64
  var resumed: Bool
  /// How many connections loaded.
  var jobs: Int
  /// Why it was one, where more were asked for.
  var serialBecause: String?
  /// Statements that were passed over or whose failure is harmless; at most 50.
  var remarks: [String]
}
