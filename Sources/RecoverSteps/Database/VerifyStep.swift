internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.verify`: proves that the side database holds what the dump holds, and what the policy asserts.
struct VerifyStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let survey = try await SurveyFile.load(work.bindings.backup, context: context)
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
    return try JSONValue(encoding: proof)
  }

  private static func error(_ proof: RestoreProof) -> RecoverError {
    let shown = proof.differences.prefix(5).map(\.description).joined(separator: "; ")
    let more = proof.differences.count > 5 ? "; and \(proof.differences.count - 5) more" : ""
    return RecoverError(
      .stepFailed, "the restored copy is not what it should be: \(shown)\(more)",
      hint: "it is not swapped in; look at the backup's age and content, or use another one")
  }
}
