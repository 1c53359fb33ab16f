internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `rows.remove`: takes back what another run inserted: deletes its rows, but for those that were changed since.
///
/// It can't be undone: the backup is where the rows are.
struct RemoveRowsStep: Step {
  let drivers: StepDrivers
  static let crashPoints = [RowsInsertion.Point.beforeCommit, .afterCommit].map(\.rawValue)

  func probe(_ context: StepContext) async throws -> ProbeResult {
    try await RowsWork(context, drivers).areThere() ? .notDone : .done(["deleted": .null])
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let rows = try RowsWork(context, drivers)
    return try RemovalEvidence.of(try await rows.remove(context.reporter), rows.removal.breadcrumb)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    try await RowsWork(context, drivers).areThere() ? .fails("the keys of the inserted rows are still there") : .holds
  }
}

/// What the inspection asks before rows are taken back.
struct UndoRowsInspection: Sendable {
  let rows: RowsWork

  /// - Throws: ``RecoverError`` `drifted` where the keys or the table are gone.
  func examine() async throws -> JSONValue {
    let (work, removal) = (rows.tables.work, rows.removal)
    try await work.onMaintenance { connection, _ in try work.refuseOtherRuns(&connection) }
    return try await rows.tables.onLive { connection, _ in
      try work.refuseOtherExchanges(&connection)
      guard try removal.kept.find(&connection) != nil else {
        throw RecoverError(
          .drifted, "the keys of the rows that run \(removal.kept.run) inserted are not there any more",
          hint: "recover runs tells whether a later undo took them back; after their retention nobody knows them")
      }
      try removal.match.requireLive(&connection)
      let report = try removal.preview(&connection)
      return [
        "deletable": .integer(report.deleted), "changed": .integer(report.changed), "gone": .integer(report.gone),
      ]
    }
  }
}
