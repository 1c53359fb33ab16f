internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.swap`: the proved database gets the live name, the live one becomes the previous one, in one
/// transaction; its undo swaps back and keeps the failed copy.
struct SwapStep: Step {
  let drivers: StepDrivers
  private static let limit = Duration.seconds(60)
  static let crashPoints = DatabaseSwap.Point.allCases.map(\.rawValue)

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let (work, swap) = try await parts(context)
    switch try await work.onMaintenance({ connection, _ in try swap.probe(&connection) }) {
    case .notSwapped: return .notDone
    case .swapped: return .done(try evidence(swap, nil))
    case .unknown(let what): return .unknown(what)
    }
  }

  /// The OIDs that trade places: undo needs them whatever the names are by then.
  func observe(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let name = work.enteringName
    let oid = try await work.onMaintenance { connection, _ in try DatabaseFacts.oid(of: name, &connection) }
    guard let oid else {
      throw RecoverError(.drifted, "database \(name) is not there any more", hint: "cancel the run and begin again")
    }
    return try JSONValue(encoding: SwapSnapshot(enteringOID: oid))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (work, swap) = try await parts(context)
    let report = try await perform(swap, work, context)
    return try evidence(swap, report, mark: await LiveWrites(work).mark())
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (work, swap) = try await parts(context)
    let state = try await work.onMaintenance { connection, _ in try swap.probe(&connection) }
    return state == .swapped ? .holds : .fails("the databases have not traded places")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (work, swap) = try await parts(context)
    let back = try back(swap, work, context)
    switch try await work.onMaintenance({ connection, _ in (try back.probe(&connection), try swap.probe(&connection)) })
    {
    case (.swapped, _), (_, .notSwapped): return .absent
    case (.notSwapped, _): return .present
    case (.unknown(let what), _): return .unknown(what)
    }
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    guard try await probeUndo(context) != .absent else { return ["swapped back": false] }
    let (work, swap) = try await parts(context)
    let back = try back(swap, work, context)
    // Before the swap back: afterwards the copy has another name, and nobody writes any more.
    let mark = try? context.evidence?.decoded(as: SwapEvidence.self).mark
    let writes = await LiveWrites(work).count(since: mark)
    _ = try await perform(back, work, context)
    let isKept = work.bindings.inPlace == nil
    return try JSONValue(
      encoding: SwapBackEvidence(
        failedCopy: isKept ? back.leaving?.name : nil,
        keptUntil: isKept ? back.leaving?.breadcrumb.retainUntil?.description : nil,
        writesWhileLive: isKept ? writes : nil, writesLost: isKept ? nil : writes))
  }

  private func perform(_ swap: DatabaseSwap, _ work: DatabaseWork, _ context: StepContext) async throws
    -> DatabaseSwap.Report
  {
    let (access, server) = (work.access, work.bindings.server)
    let reporter = context.reporter
    return try await BlockingThread.run("recover-swap") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      try ServerIdentity.read(&connection).check(isServer: server)
      return try swap.perform(access.maintenanceSettings, interruption: interruption, until: .after(Self.limit)) {
        reporter.reach($0.rawValue)
      }
    }
  }

  private func evidence(
    _ swap: DatabaseSwap, _ report: DatabaseSwap.Report?, mark: WriteMark? = nil
  ) throws -> JSONValue {
    try JSONValue(
      encoding: SwapEvidence(
        previous: swap.leaving?.name, ended: report?.ended, blockedNanoseconds: report?.blockedNanoseconds,
        notes: report?.notes ?? [], mark: mark))
  }
}

// MARK: - Who trades places

extension SwapStep {
  /// The OIDs that trade places: as they were before the first attempt, once there was one.
  private func snapshot(_ context: StepContext) async throws -> SwapSnapshot {
    if let snapshot = context.snapshot { return try snapshot.decoded(as: SwapSnapshot.self) }
    return try await observe(context).decoded(as: SwapSnapshot.self)
  }

  private func parts(_ context: StepContext) async throws -> (DatabaseWork, DatabaseSwap) {
    let work = try DatabaseWork(context, drivers)
    let snapshot = try await snapshot(context)
    let facts = try context.liveFacts()
    let entering = DatabaseSwap.Entering(
      name: work.enteringName, oid: snapshot.enteringOID,
      properties: try facts.map { .facts($0) } ?? .statements(context.dumpProperties()))
    // In place the live one is gone, and nobody leaves.
    let leaving = (work.bindings.inPlace == nil ? work.bindings.liveOID : nil).map {
      DatabaseSwap.Leaving(
        oid: $0, name: work.name(of: .previous), breadcrumb: work.breadcrumb(.previous), access: .closed)
    }
    return (work, DatabaseSwap(target: work.bindings.name, entering: entering, leaving: leaving))
  }

  /// The same trade in the other direction: the copy that failed is kept for the post-mortem, or goes back to where
  /// an undo took it from.
  private func back(_ swap: DatabaseSwap, _ work: DatabaseWork, _ context: StepContext) throws -> DatabaseSwap {
    guard let entered = swap.entering else { throw RecoverError(.bug, "a swap without anybody entering") }
    if work.bindings.inPlace != nil {
      // Both do not fit: it gets its old name, and the undo of the drop drops it to make room.
      let side = DatabaseSwap.Leaving(
        oid: entered.oid, name: entered.name, breadcrumb: work.breadcrumb(.side, state: .loaded), access: .closed)
      return DatabaseSwap(target: swap.target, entering: nil, leaving: side)
    }
    let leaving =
      work.bindings.undoes.map {
        DatabaseSwap.Leaving(
          oid: entered.oid, name: entered.name,
          breadcrumb: work.breadcrumb(.previous, run: $0, retainFor: work.bindings.keepPrevious), access: .closed)
      }
      ?? DatabaseSwap.Leaving(
        oid: entered.oid, name: work.name(of: .failed),
        breadcrumb: work.breadcrumb(.failed, retainFor: work.bindings.keepFailed), access: .readOnly)
    let entering = try swap.leaving.map { left in
      DatabaseSwap.Entering(
        name: left.name, oid: left.oid, properties: try context.liveFacts().map { .facts($0) } ?? .statements([]))
    }
    return DatabaseSwap(target: swap.target, entering: entering, leaving: leaving)
  }
}

private struct SwapSnapshot: Codable {
  var enteringOID: UInt32
}

private struct SwapEvidence: Codable {
  /// The name that the live database of before has now.
  var previous: String?
  /// Nil where a dead runner swapped, and its report died with it.
  var ended: Int?
  var blockedNanoseconds: Int64?
  var notes: [String]
  /// Where counting began of what is written while the new database is live; nil where nobody could tell.
  var mark: WriteMark?
}

private struct SwapBackEvidence: Codable {
  /// The name under which the copy that was swapped out is kept.
  var failedCopy: String?
  /// The end of its retention.
  var keptUntil: String?
  /// What was written to it while it was live, hooks included; nil where nobody can tell.
  var writesWhileLive: WriteCount?
  /// The same of a run in place, which drops the copy.
  var writesLost: WriteCount?

  enum CodingKeys: String, CodingKey {
    case failedCopy
    case keptUntil = "kept until"
    case writesWhileLive, writesLost
  }
}
