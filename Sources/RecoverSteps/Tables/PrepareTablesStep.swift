internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `tables.prepare`: makes the schemas of the live database that the tables are loaded into.
///
/// Its undo drops them with what was loaded, and the ledger of a load that was cut off.
struct PrepareTablesStep: Step {
  let drivers: StepDrivers

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let tables = try TablesWork(context, drivers)
    let wanted = tables.places.schemas(.side)
    let present = try await present(tables)
    if present.isEmpty { return .notDone }
    guard present.count == wanted.count else {
      return .partial("\(present.count) of \(wanted.count) schemas are there")
    }
    return .done(try JSONValue(encoding: ["schemas": present]))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let schemas = tables.places.schemas(.side)
    let breadcrumb = tables.breadcrumb(.side, state: .loading)
    try await tables.onLive { connection, _ in
      for schema in schemas { try KeptSchema.make(schema, breadcrumb, &connection) }
    }
    return try JSONValue(encoding: ["schemas": schemas])
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let tables = try TablesWork(context, drivers)
    return try await present(tables).count == tables.places.homes.count ? .holds : .fails("a schema is not there")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let tables = try TablesWork(context, drivers)
    let run = tables.work.run.text
    let hasLedger = try await tables.onLive { connection, _ in try LoadLedgerDrop.isOf(run: run, &connection) }
    return try await present(tables).isEmpty && !hasLedger ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let (schemas, run) = (tables.places.schemas(.side), tables.work.run.text)
    let wasDropped = try await tables.onLive { connection, _ in
      try LoadLedgerDrop.perform(run: run, &connection)
      return try KeptSchema.drop(schemas, run: run, &connection)
    }
    return ["dropped": .bool(wasDropped)]
  }

  private func present(_ tables: TablesWork) async throws -> [String] {
    let (wanted, run) = (tables.places.schemas(.side), tables.work.run.text)
    return try await tables.onLive { connection, _ in
      try KeptSchema.list(&connection).filter { $0.breadcrumb.run == run && wanted.contains($0.name) }.map(\.name)
    }
  }
}
