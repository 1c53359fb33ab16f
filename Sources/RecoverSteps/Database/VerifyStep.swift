internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverRepository

/// `database.verify`: proves that the side database holds what the dump holds, and what the policy asserts.
struct VerifyStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let survey = try await SurveyFile.load(work.bindings, context: context)
    let choice = try DumpChoice(survey, bindings: work.bindings)
    let request = ProofRequest(
      segments: choice.segments, isFromPgDump: survey.origin.hasBanner,
      assertions: work.bindings.assertions.map { ProofRequest.Assertion(name: $0.name, sql: $0.sql) })
    let reporter = context.reporter
    let total = choice.tables.count
    let proof = try await work.onSide { connection, _ in
      try RestoreProof.prove(request, &connection) { table, left in
        reporter.progress(Progress(doneBytes: 0, detail: "\(total - left) of \(total) tables, \(table)"))
      }
    }
    guard proof.isProved else { throw Self.error(proof) }
    let content = try await proveContent(work, context)
    return try JSONValue(encoding: ProofEvidence(proof: proof, content: content))
  }

  /// Compares the content of every table, sequence and large object with the manifest of a backup of ours; nil for any
  /// other dump.
  private func proveContent(_ work: DatabaseWork, _ context: StepContext) async throws -> ContentVerdict? {
    let report = try context.evidence(of: "database.inspect", as: InspectReport.self)
    guard let digest = report.manifest else { return nil }
    let (reporter, run) = (context.reporter, work.run.text)
    let settings = work.access.adminSettings(for: work.name(of: .side))
    let path = work.bindings.backup.path
    let relations = try await selectedRelations(work, report, context)
    let (verdict, backup) = try await BlockingThread.run("recover-prove") { interruption in
      let (backup, everything) = try BackupDirectory.inspected(containing: path, manifest: digest)
      let expectation = everything.restricted(to: relations)
      let total = expectation.tables.count
      let verdict = try expectation.compare(settings, jobs: WorkerCount.forReading, interruption) { count in
        reporter.progress(Progress(doneBytes: 0, detail: "the content of \(count) of \(total) tables"))
      }
      return (verdict, backup)
    }
    guard verdict.isProved else {
      throw ProofEvidence.failure(
        "the restored copy does not hold what was backed up", verdict.differences,
        hint: "it is not swapped in; what changed the rows on their way, a trigger or a hook, or the disk?")
    }
    // Only who has looked at everything may say that the backup is good.
    if relations == nil { _ = backup.note(BackupDirectory.Verification(run: run, at: .now, manifest: digest)) }
    return verdict
  }

  /// What was restored, where that is not everything.
  private func selectedRelations(
    _ work: DatabaseWork, _ report: InspectReport, _ context: StepContext
  ) async throws -> [SelectedDump.Relation]? {
    guard work.bindings.selection != nil else { return nil }
    if let kept = SelectionFile.load(report.sha256, from: context.directory) { return kept.relations }
    return try await RestoredDump.read(work.bindings, reporter: context.reporter).part?.selected.relations
  }

  private static func error(_ proof: RestoreProof) -> RecoverError {
    ProofEvidence.failure(
      "the restored copy is not what it should be", proof.differences.map(\.description),
      hint: "it is not swapped in; look at the backup's age and content, or use another one")
  }
}
