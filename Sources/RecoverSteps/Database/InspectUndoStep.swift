internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.inspect-undo`: whether the previous database is still there and can be swapped back.
struct InspectUndoStep: Step {
  let drivers: StepDrivers

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    if work.bindings.exchange?.rows != nil {
      return try await UndoRowsInspection(rows: RowsWork(context, drivers)).examine()
    }
    if work.bindings.exchange != nil {
      return try await UndoTablesInspection(tables: TablesWork(context, drivers)).examine()
    }
    let (name, run) = (work.enteringName, work.bindings.undoes ?? "")
    let (presence, live) = try await work.onMaintenance { connection, _ in
      try work.refuseOtherRuns(&connection)
      return (
        try SideDatabase(name: name, run: run).probe(&connection),
        try DatabaseFacts.read(work.bindings.name, &connection)
      )
    }
    guard case .ours(let oid, _) = presence else {
      throw RecoverError(
        .drifted, "database \(name) is not the one that run \(run) left behind",
        hint: "recover cleanup lists what recoveries keep")
    }
    guard let live, live.oid == work.bindings.liveOID else {
      throw RecoverError(
        .drifted, "database \(work.bindings.name) was replaced since the plan was made", hint: "plan again")
    }
    return try JSONValue(encoding: SideEvidence(name: name, oid: oid))
  }
}
