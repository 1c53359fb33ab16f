internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `tables.retire`: writes into the comment of the replaced tables' schemas until when they are kept.
struct RetireTablesStep: Step {
  let drivers: StepDrivers

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let tables = try TablesWork(context, drivers)
    let kept = try await Self.kept(tables)
    guard let first = kept.first else { return .done(["kept": 0]) }
    return kept.allSatisfy { $0.breadcrumb.retainUntil != nil } ? .done(try evidence(first.breadcrumb, kept)) : .notDone
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let kept = try await Self.kept(tables)
    let until = tables.breadcrumb(.previous, retainFor: tables.work.bindings.keepPrevious).retainUntil
    try await tables.onLive { connection, _ in
      for schema in kept {
        var breadcrumb = schema.breadcrumb
        breadcrumb.retainUntil = until
        try KeptSchema.comment(schema.name, breadcrumb, &connection)
      }
    }
    guard var breadcrumb = kept.first?.breadcrumb else { return ["kept": 0] }
    breadcrumb.retainUntil = until
    return try evidence(breadcrumb, kept)
  }

  private static func kept(_ tables: TablesWork) async throws -> [KeptSchema] {
    let (schemas, run) = (tables.places.schemas(.previous), tables.work.run.text)
    return try await tables.onLive { connection, _ in
      try KeptSchema.list(&connection).filter { $0.breadcrumb.run == run && schemas.contains($0.name) }
    }
  }

  private func evidence(_ breadcrumb: Breadcrumb, _ kept: [KeptSchema]) throws -> JSONValue {
    [
      "keptTables": .array(kept.map { .string($0.name) }),
      "kept until": .string(breadcrumb.retainUntil?.description ?? ""),
    ]
  }
}
