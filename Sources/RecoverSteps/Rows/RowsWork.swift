internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the steps that add rows to a live table have in common.
struct RowsWork: Sendable {
  let tables: TablesWork
  let match: RowsMatch

  init(_ context: StepContext, _ drivers: StepDrivers) throws {
    tables = try TablesWork(context, drivers)
    if let undone = tables.work.bindings.exchange?.rows?.undone {
      match = undone
      return
    }
    guard let found = try context.evidence(of: "database.inspect", as: InspectReport.self).match else {
      throw RecoverError(
        .policyInvalid, "step \(context.step.id) adds rows to a table, and the inspection of this run looked at none",
        hint: "recover db --rows-into makes such a plan")
    }
    match = found
  }

  var check: RowsCheck { RowsCheck(match, staged: tables.places.staged(match.table)) }

  /// The run whose rows they are.
  var owner: String { tables.work.bindings.undoes ?? tables.work.run.text }

  var kept: RowsKept { RowsKept(run: owner, table: match.table) }

  var insertion: RowsInsertion {
    RowsInsertion(
      check, kept: kept, breadcrumb: tables.breadcrumb(.previous),
      assertions: tables.work.bindings.assertions.map { .init(name: $0.name, sql: $0.sql) })
  }

  var removal: RowsRemoval {
    RowsRemoval(
      match, kept: kept,
      breadcrumb: tables.breadcrumb(.failed, run: owner, retainFor: tables.work.bindings.keepFailed))
  }

  /// Deletes the rows again.
  func remove(_ reporter: any StepReporter) async throws -> RowsRemoval.Report {
    let removal = removal
    return try await tables.onLive { connection, _ in
      try removal.perform(&connection) { reporter.reach($0.rawValue) }
    }
  }

  /// Rows of which nobody knows that they are gone.
  func areThere() async throws -> Bool {
    let kept = kept
    return try await tables.onLive { connection, _ in try kept.find(&connection) != nil }
  }
}
