internal import PostgresKit
internal import RecoverBase
internal import RecoverEngine

/// Proves that what was loaded beside live tables is what the backup holds.
struct TablesProof: Sendable {
  let tables: TablesWork

  init(_ tables: TablesWork) { self.tables = tables }

  /// - Throws: ``RecoverError`` `stepFailed` with what differs.
  func prove(_ context: StepContext) async throws -> ProofEvidence {
    let (work, script) = (tables.work, try await tables.script())
    let survey = try await SurveyFile.load(work.bindings.backup, context: context)
    let choice = try DumpChoice(survey, bindings: work.bindings)
    let request = ProofRequest(
      segments: choice.segments.map { $0.staged(script) }, isFromPgDump: survey.origin.hasBanner)
    let (reporter, content) = (context.reporter, try await proveContent(script, context))
    let proof = try await tables.onLive { connection, _ in
      try RestoreProof.prove(request, &connection) { table, left in
        reporter.progress(Progress(doneBytes: 0, detail: "\(left) tables are left, \(table)"))
      }
    }
    guard proof.isProved else { throw Self.error(proof.differences.map(\.description)) }
    return ProofEvidence(proof: proof, content: content)
  }

  /// Compares the content of every table and its sequences with the manifest of a backup of ours; nil for any other dump.
  private func proveContent(_ script: StagingScript, _ context: StepContext) async throws -> ContentVerdict? {
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

  private static func error(_ differences: [String]) -> RecoverError {
    ProofEvidence.failure(
      "the loaded tables are not what they should be", differences,
      hint: "nothing of them is live; look at the backup, or use another one")
  }
}
