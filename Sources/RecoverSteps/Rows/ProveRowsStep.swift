internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `rows.prove`: proves that the loaded rows are those of the backup, counts what the live table lacks of them, and
/// refuses what its constraints would.
struct ProveRowsStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let rows = try RowsWork(context, drivers)
    let proof = try await TablesProof(rows.tables).prove(context)
    let (check, table) = (rows.check, rows.match.table)
    let counts = try await rows.tables.onLive { connection, _ in
      let violations = try check.violations(&connection)
      guard violations.isEmpty else {
        throw RecoverError(
          .stepFailed,
          "the missing rows do not fit the live database: "
            + violations.prefix(8).map { "\($0.text) of \(table)" }.joined(separator: "; "),
          hint: "restore what they refer to first (--rows-into again), or take single rows from a copy (--into NAME)")
      }
      return try check.count(&connection)
    }
    return try JSONValue(encoding: RowsProofEvidence(proof: proof, counts: counts))
  }
}

/// What the proof of rows leaves in the journal.
private struct RowsProofEvidence: Encodable {
  var proof: ProofEvidence
  var counts: RowsCheck.Counts

  private enum CodingKeys: String, CodingKey { case missing, differing, differingKeys }

  func encode(to encoder: any Encoder) throws {
    try proof.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(counts.missing, forKey: .missing)
    try container.encode(counts.differing, forKey: .differing)
    try container.encode(counts.differingKeys, forKey: .differingKeys)
  }
}
