internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.fence`: keeps writers out of the live database until the swap, and owes its opening.
struct FenceStep: Step {
  let drivers: StepDrivers
  /// How long sessions may take to end.
  private static let limit = Duration.seconds(20)

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(DatabaseBindings.self).liveOID == nil ? "there is no live database yet" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let (work, fence) = try parts(context)
    let wanted = wanted(work)
    let state = try await work.onMaintenance { connection, _ in try fence.probe(&connection) }
    switch state {
    case wanted: return context.attempt > 0 ? .partial("the fence is up; sessions may be left") : .notDone
    case .open, .readOnly, .closed: return .notDone
    case .absent: return .unknown("database \(work.bindings.name) with OID \(fence.oid) is not there any more")
    }
  }

  /// What the live database is like, so that undo gives exactly that back.
  func observe(_ context: StepContext) async throws -> JSONValue {
    let (work, fence) = try parts(context)
    let facts = try await work.onMaintenance { connection, _ in try DatabaseFacts.read(oid: fence.oid, &connection) }
    // Before the intent: what is not touched is not owed either.
    guard let facts, facts.name == work.bindings.name else {
      throw RecoverError(
        .drifted, "database \(work.bindings.name) was dropped, renamed or replaced since the plan was made",
        hint: "look at it, and plan again")
    }
    return try JSONValue(encoding: facts)
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (work, fence) = try parts(context)
    let mode = wanted(work)
    let report = try await work.onMaintenance { connection, _ in
      mode == .readOnly
        ? try fence.makeReadOnly(&connection, until: .after(Self.limit))
        : try fence.close(&connection, until: .after(Self.limit))
    }
    guard report.isTight else {
      let left = (report.untouchable + report.lingering).map(\.description) + report.writingRoles.map { "role \($0)" }
      throw RecoverError(
        report.lingering.isEmpty ? .missingRequirement : .busy,
        "can still write to database \(work.bindings.name): \(left.joined(separator: "; "))",
        hint: "end those sessions, or name an admin-url whose role may: GRANT pg_signal_backend TO it")
    }
    return try JSONValue(encoding: ["ended": report.ended])
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (work, fence) = try parts(context)
    let state = try await work.onMaintenance { connection, _ in try fence.probe(&connection) }
    return state == wanted(work) ? .holds : .fails("the live database is \(state.rawValue)")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (work, fence) = try parts(context)
    if try await isRestored(work) { return .absent }
    let (state, now) = try await work.onMaintenance { connection, _ in
      (try fence.probe(&connection), try DatabaseFacts.read(oid: fence.oid, &connection))
    }
    guard let now, now.name == work.bindings.name else {
      return .unknown(
        "the database that was fenced off, OID \(fence.oid), is \(now.map { "called \($0.name)" } ?? "gone"): "
          + "somebody replaced it")
    }
    return state == (try facts(context).allowsConnections ? .open : .closed) ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let (work, fence) = try parts(context)
    if try await isRestored(work) { return ["ended": 0] }
    let facts = try facts(context)
    let report = try await work.onMaintenance { connection, _ in
      try fence.reopen(as: facts, &connection, until: .after(Self.limit))
    }
    return try JSONValue(encoding: ["ended": report.ended])
  }

  /// Whether the fenced database was dropped and is back from its safety dump, without a fence.
  ///
  /// The undo of the drop came before, and gave it the live name only with all the properties of before.
  private func isRestored(_ work: DatabaseWork) async throws -> Bool {
    guard work.bindings.inPlace != nil else { return false }
    let (name, oid) = (work.bindings.name, work.bindings.liveOID)
    return try await work.onMaintenance { connection, _ in
      let present = try DatabaseFacts.oid(of: name, &connection)
      return present != nil && present != oid
    }
  }

  private func parts(_ context: StepContext) throws -> (DatabaseWork, DatabaseFence) {
    let work = try DatabaseWork(context, drivers)
    return (work, DatabaseFence(database: work.bindings.name, oid: work.bindings.liveOID ?? 0))
  }

  private func wanted(_ work: DatabaseWork) -> DatabaseFence.State {
    // In place it is dumped behind the fence, and dropped then.
    work.bindings.serve == .readOnly || work.bindings.inPlace != nil ? .readOnly : .closed
  }

  private func facts(_ context: StepContext) throws -> DatabaseFacts {
    try (context.snapshot ?? .null).decoded(as: DatabaseFacts.self)
  }
}
