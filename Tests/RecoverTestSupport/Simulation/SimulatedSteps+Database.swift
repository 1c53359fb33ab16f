internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// The names that a run gives to databases.
private struct DatabaseNames {
  let side: String
  let previous: String
  let failed: String
  let mark: String

  init(_ run: RunID) {
    side = "app_side_\(run)"
    previous = "app_previous_\(run)"
    failed = "app_failed_\(run)"
    mark = "made by run \(run)"
  }
}

private let keptComment = "kept under retention"

extension SimulatedWorld {
  fileprivate func oid(_ value: JSONValue?) throws -> Int {
    guard let oid = value?["oid"]?.integer else { throw RecoverError(.bug, "no OID was left") }
    return Int(oid)
  }
}

/// Looks at the backup and the live database; changes nothing.
struct InspectStep: Step {
  let process: SimulatedProcess

  func perform(_ context: StepContext) async throws -> JSONValue {
    let world = process.simulation.world
    guard let live = world.live else { throw RecoverError(.wrongTarget, "there is no database app") }
    return ["oid": .integer(Int64(live.oid)), "rows": .integer(Int64(world.backupRows.count))]
  }
}

/// Makes the side database, in two acts: the database and its breadcrumb.
struct PrepareStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let names = DatabaseNames(context.run)
    guard let side = process.simulation.world.databases[names.side] else { return .notDone }
    guard side.comment == names.mark else { return .partial("the side database has no breadcrumb") }
    return .done(["oid": .integer(Int64(side.oid))])
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let names = DatabaseNames(context.run)
    try await process.effect(context, .forward, "create") { world in
      guard world.databases[names.side] == nil else { throw RecoverError(.stepFailed, "the side database exists") }
      world.databases[names.side] = SimulatedDatabase(oid: world.nextOID)
      world.nextOID += 1
    }
    return try await repair(context)
  }

  func repair(_ context: StepContext) async throws -> JSONValue {
    let names = DatabaseNames(context.run)
    try await process.effect(context, .forward, "comment") { $0.databases[names.side]?.comment = names.mark }
    guard let side = process.simulation.world.databases[names.side] else {
      throw RecoverError(.stepFailed, "the side database is gone")
    }
    return ["oid": .integer(Int64(side.oid))]
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let side = process.simulation.world.databases[DatabaseNames(context.run).side]
    return side == nil || side?.comment == keptComment ? .absent : .present
  }

  /// Drops the side database, or keeps it once a swap was intended, since somebody may look at it.
  func undo(_ context: StepContext) async throws -> JSONValue {
    let names = DatabaseNames(context.run)
    guard process.simulation.world.databases[names.side] != nil else { return .null }
    let isKept = context.snapshots["swap"] != nil
    try await process.effect(context, .undo, isKept ? "keep" : "drop") { world in
      if isKept {
        world.databases[names.side]?.comment = keptComment
      } else {
        world.databases[names.side] = nil
      }
    }
    return .null
  }
}

/// Closes the live database.
struct FenceStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    process.simulation.world.live?.isOpen == true ? .notDone : .done(.null)
  }

  func observe(_ context: StepContext) async throws -> JSONValue {
    guard let live = process.simulation.world.live else { throw RecoverError(.wrongTarget, "no database app") }
    return ["open": .bool(live.isOpen), "oid": .integer(Int64(live.oid))]
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await process.effect(context, .forward, "close") { $0.databases[SimulatedWorld.liveName]?.isOpen = false }
    return .null
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    process.simulation.world.live?.isOpen == true ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let snapshot = context.snapshot
    try await process.effect(context, .undo, "open") { world in
      guard world.live?.oid == (try world.oid(snapshot)) else {
        throw RecoverError(.wrongTarget, "the live database is not the one that was closed")
      }
      world.databases[SimulatedWorld.liveName]?.isOpen = snapshot?["open"]?.bool ?? true
    }
    return .null
  }
}

/// Collects the side database's statistics, which go with it.
struct AnalyzeStep: Step {
  let process: SimulatedProcess

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let names = DatabaseNames(context.run)
    try await process.effect(context, .forward, "analyze") { $0.databases[names.side]?.isAnalyzed = true }
    return .null
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .absent }
}

/// Compares the side database with the backup.
struct ProveStep: Step {
  let process: SimulatedProcess

  func perform(_ context: StepContext) async throws -> JSONValue {
    let world = process.simulation.world
    let side = world.databases[DatabaseNames(context.run).side]
    guard side?.rows == world.backupRows else { throw RecoverError(.checkFailed, "rows are missing") }
    return ["rows": .integer(Int64(world.backupRows.count))]
  }
}

/// Renames both databases in one transaction.
struct SwapStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let world = process.simulation.world
    if world.live?.oid == (try world.oid(context.outputs["prepare"])) { return .done(.null) }
    if world.live?.oid == (try world.oid(context.outputs["inspect"])) { return .notDone }
    return .unknown("the live database is neither the old nor the new one")
  }

  func observe(_ context: StepContext) async throws -> JSONValue {
    guard let live = process.simulation.world.live else { throw RecoverError(.wrongTarget, "no database app") }
    return ["oid": .integer(Int64(live.oid))]
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let names = DatabaseNames(context.run)
    let (snapshot, prepared) = (context.snapshot, context.outputs["prepare"])
    try await process.effect(context, .forward, "rename") { world in
      guard let live = world.live, live.oid == (try world.oid(snapshot)), var side = world.databases[names.side],
        side.oid == (try world.oid(prepared))
      else { throw RecoverError(.wrongTarget, "the databases are not those of the plan") }
      side.isOpen = true
      world.databases[names.side] = nil
      world.databases[names.previous] = live
      world.databases[SimulatedWorld.liveName] = side
    }
    return .null
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let world = process.simulation.world
    return world.live?.rows == world.backupRows ? .holds : .fails("the live database is not the backup")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let world = process.simulation.world
    return world.live?.oid == (try world.oid(context.snapshot)) ? .absent : .present
  }

  /// Renames both back; the copy that failed is kept with what the application wrote to it.
  func undo(_ context: StepContext) async throws -> JSONValue {
    let names = DatabaseNames(context.run)
    let snapshot = context.snapshot
    let world = process.simulation.world
    if world.live?.oid == (try world.oid(snapshot)) { return .null }
    try await process.effect(context, .undo, "rename back") { world in
      guard var failed = world.live, let previous = world.databases[names.previous],
        previous.oid == (try world.oid(snapshot))
      else { throw RecoverError(.wrongTarget, "the previous database is not there") }
      failed.comment = keptComment
      world.databases[names.failed] = failed
      world.databases[SimulatedWorld.liveName] = previous
      world.databases[names.previous] = nil
    }
    return .null
  }
}

/// Puts the previous database under retention, in two acts.
struct RetireStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard let previous = process.simulation.world.databases[DatabaseNames(context.run).previous] else {
      return .unknown("the previous database is not there")
    }
    if previous.comment == nil { return .notDone }
    return previous.isOpen ? .done(.null) : .partial("the previous database is still closed")
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let name = DatabaseNames(context.run).previous
    try await process.effect(context, .forward, "comment") { $0.databases[name]?.comment = keptComment }
    return try await repair(context)
  }

  func repair(_ context: StepContext) async throws -> JSONValue {
    let name = DatabaseNames(context.run).previous
    try await process.effect(context, .forward, "open") { $0.databases[name]?.isOpen = true }
    return .null
  }
}
