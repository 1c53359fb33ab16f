internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.retire-previous`: writes into the comment of the previous database until when it is kept.
///
/// Until then it has no end, so that nobody drops what an unfinished run may still need.
struct RetireStep: Step {
  let drivers: StepDrivers

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(DatabaseBindings.self).liveOID == nil ? "there was no database before" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let work = try DatabaseWork(context, drivers)
    switch try await presence(work) {
    case .ours(_, let breadcrumb): return breadcrumb.retainUntil == nil ? .notDone : .done(try evidence(breadcrumb))
    case .absent, .unmarked, .broken, .foreign:
      return .unknown("the previous database \(work.name(of: .previous)) is not where the swap left it")
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let name = work.name(of: .previous)
    let breadcrumb = work.breadcrumb(.previous, retainFor: work.bindings.keepPrevious)
    let text = try breadcrumb.text()
    try await work.onMaintenance { connection, _ in
      _ = try connection.execute("COMMENT ON DATABASE \(Quoting.identifier(name)) IS \(Quoting.literal(text))")
    }
    return try evidence(breadcrumb)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    guard case .ours(_, let breadcrumb) = try await presence(DatabaseWork(context, drivers)),
      breadcrumb.retainUntil != nil
    else { return .fails("the previous database does not say how long it is kept") }
    return .holds
  }

  private func presence(_ work: DatabaseWork) async throws -> SideDatabase.Presence {
    let previous = SideDatabase(name: work.name(of: .previous), run: work.run.text)
    return try await work.onMaintenance { connection, _ in try previous.probe(&connection) }
  }

  private func evidence(_ breadcrumb: Breadcrumb) throws -> JSONValue {
    [
      "previous": .string(breadcrumb.databaseName),
      "kept until": .string(breadcrumb.retainUntil?.description ?? ""),
    ]
  }
}
