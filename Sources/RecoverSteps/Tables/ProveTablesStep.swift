internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `tables.prove`: proves that the loaded tables hold what the backup holds, that the rest of the live database agrees
/// with them, and that they can still trade places.
struct ProveTablesStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let (work, script) = (tables.work, try await tables.script())
    let survey = try await SurveyFile.load(work.bindings.backup, context: context)
    let choice = try DumpChoice(survey, bindings: work.bindings)
    let request = ProofRequest(
      segments: choice.segments.map { $0.staged(script) }, isFromPgDump: survey.origin.hasBanner)
    let (report, places, reporter) = (try TablesWork.report(context), tables.places, context.reporter)
    let content = try await proveContent(tables, script, context)
    return try await tables.onLive { connection, _ in
      let proof = try RestoreProof.prove(request, &connection) { table, left in
        reporter.progress(Progress(doneBytes: 0, detail: "\(left) tables are left, \(table)"))
      }
      guard proof.isProved else { throw Self.error(proof.differences.map(\.description)) }
      let violations = try Self.violations(report, places, script, &connection)
      guard violations.isEmpty else {
        throw RecoverError(
          .stepFailed,
          "the restored rows do not fit the live database: "
            + violations.prefix(8).map(\.text).joined(separator: "; "),
          hint: "restore the tables of those rows as well (--table again), or remove the rows and try again")
      }
      return try JSONValue(encoding: ProofEvidence(proof: proof, content: content))
    }
  }

  /// Compares the content of every table and its sequences with the manifest of a backup of ours; nil for any other dump.
  private func proveContent(
    _ tables: TablesWork, _ script: StagingScript, _ context: StepContext
  ) async throws -> ContentVerdict? {
    let report = try context.evidence(of: "database.inspect", as: InspectReport.self)
    guard let digest = report.manifest else { return nil }
    let (settings, schemas) = (tables.liveSettings, tables.places.schemas(.side))
    let path = tables.work.bindings.backup.path
    let verdict = try await BlockingThread.run("recover-prove") { interruption in
      try BackupDirectory.inspected(containing: path, manifest: digest).expectation.staged(script)
        .compare(settings, in: schemas, jobs: WorkerCount.forReading, interruption)
    }
    guard verdict.isProved else { throw Self.error(verdict.differences) }
    return verdict
  }

  /// What foreign keys to and from tables that stay would refuse.
  private static func violations(
    _ report: TablesReport, _ places: ExchangePlaces, _ script: StagingScript, _ connection: inout Connection
  ) throws -> [KeyViolations] {
    let live = report.tables.compactMap(\.liveOID)
    let dependents = try Dependent.read(of: live, &connection)
    var entering: [UInt32: UInt32] = [:]
    for table in report.tables {
      let schema = places.schema(.side, of: table.name.schema ?? "")
      let staged = try ExchangeTable.find([SQLName(schema: schema, table.name.name)], &connection).tables.first
      if let oid = table.liveOID { entering[oid] = staged?.oid }
    }
    return try KeyViolations.incoming(dependents, entering: entering, &connection)
      + KeyViolations.outgoing(script, &connection)
  }

  private static func error(_ differences: [String]) -> RecoverError {
    ProofEvidence.failure(
      "the loaded tables are not what they should be", differences,
      hint: "they are not exchanged; look at the backup, or use another one")
  }
}
