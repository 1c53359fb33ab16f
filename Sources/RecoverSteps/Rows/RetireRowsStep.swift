internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `rows.retire`: drops the loaded rows beside the live table, and writes down until when the keys of those that were
/// inserted are kept.
struct RetireRowsStep: Step {
  let drivers: StepDrivers

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let rows = try RowsWork(context, drivers)
    let state = try await state(rows)
    guard !state.isStaged, state.kept?.breadcrumb.retainUntil != nil || state.kept == nil else { return .notDone }
    return .done(evidence(state.kept))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let rows = try RowsWork(context, drivers)
    let (staged, run, kept) = (rows.tables.places.schemas(.side), rows.owner, rows.kept)
    let until = rows.tables.breadcrumb(.previous, retainFor: rows.tables.work.bindings.keepPrevious).retainUntil
    let found = try await rows.tables.onLive { connection, _ in
      try KeptSchema.drop(staged, run: run, &connection)
      guard var schema = try kept.find(&connection) else { return KeptSchema?.none }
      schema.breadcrumb.retainUntil = until
      try KeptSchema.comment(schema.name, schema.breadcrumb, &connection)
      return schema
    }
    return evidence(found)
  }

  private func state(_ rows: RowsWork) async throws -> (isStaged: Bool, kept: KeptSchema?) {
    let (staged, kept) = (rows.tables.places.schemas(.side), rows.kept)
    return try await rows.tables.onLive { connection, _ in
      (try KeptSchema.list(&connection).contains { staged.contains($0.name) }, try kept.find(&connection))
    }
  }

  private func evidence(_ kept: KeptSchema?) -> JSONValue {
    guard let kept else { return ["kept": 0] }
    return ["keptKeys": .string(kept.name), "kept until": .string(kept.breadcrumb.retainUntil?.description ?? "")]
  }
}
