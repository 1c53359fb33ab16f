internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.create-beside`: makes an empty database like the live one, to load into.
///
/// Its undo drops it; once a swap was intended, what is left of it is kept under the retention instead.
struct CreateBesideStep: Step {
  let drivers: StepDrivers
  private static let limit = Duration.seconds(30)

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let (work, side) = try parts(context)
    let presence = try await work.onMaintenance { connection, _ in try side.probe(&connection) }
    switch presence {
    case .absent: return .notDone
    case .unmarked, .broken: return .partial("database \(side.name) is half made")
    case .ours(let oid, _): return .done(try JSONValue(encoding: SideEvidence(name: side.name, oid: oid)))
    case .foreign(let oid, _): return .unknown("database \(side.name) (OID \(oid)) is somebody else's")
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (work, side) = try parts(context)
    let breadcrumb = work.breadcrumb(.side, state: .loading)
    let fallback = try context.dumpCreation()
    let oid = try await work.onMaintenance { connection, _ in
      let live = try work.bindings.liveOID.flatMap { try DatabaseFacts.read(oid: $0, &connection) }
      return try side.create(
        live.map(DatabaseCreation.init(like:)) ?? fallback, breadcrumb: breadcrumb, &connection,
        until: .after(Self.limit))
    }
    return try JSONValue(encoding: SideEvidence(name: side.name, oid: oid))
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (work, side) = try parts(context)
    let made = try evidence.decoded(as: SideEvidence.self)
    let presence = try await work.onMaintenance { connection, _ in try side.probe(&connection) }
    guard case .ours(made.oid, _) = presence else { return .fails("database \(side.name) is not there") }
    return .holds
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (work, side) = try parts(context)
    let presence = try await work.onMaintenance { connection, _ in try side.probe(&connection) }
    return presence == .absent ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let (work, side) = try parts(context)
    // After an undone swap the copy has another name and its own retention: nothing of it is here.
    let wasDropped = try await work.onMaintenance { connection, _ in
      try side.drop(&connection, until: .after(Self.limit))
    }
    return ["dropped": .bool(wasDropped)]
  }

  private func parts(_ context: StepContext) throws -> (DatabaseWork, SideDatabase) {
    let work = try DatabaseWork(context, drivers)
    return (work, SideDatabase(target: work.bindings.name, run: work.run.text))
  }
}

/// Which database was made to load into.
struct SideEvidence: Sendable, Codable {
  var name: String
  var oid: UInt32
}
