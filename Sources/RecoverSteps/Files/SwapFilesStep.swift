internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.swap`: each name that is restored trades what it stands for with what was extracted, one after the other.
///
/// Every exchange is one renameat2(2) where the file system can. Its undo exchanges them back, from wherever a crash has
/// stopped it.
struct SwapFilesStep: Step {
  let drivers: StepDrivers
  static let crashPoints = TreeExchange.Point.allCases.map(\.rawValue)

  /// What stands behind each name now.
  func observe(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let report = try? context.evidence(of: "files.inspect", as: FilesReport.self)
    guard let names = work.bindings.undone ?? report?.entries.map(\.name) else {
      throw RecoverError(.policyInvalid, "step \(context.step.id) needs an inspection before it")
    }
    return try await BlockingThread.run("recover-swap") { _ in
      try work.checkHome()
      var swap = try TreeSwap(observing: names, home: work.bindings.home, side: work.trees)
      if let changed = report?.entries.first(where: { entry in
        swap.items.contains { $0.name == entry.name && ($0.live == nil) != (entry.live == nil) }
      }) {
        throw RecoverError(
          .drifted, "\(work.bindings.home)/\(changed.name) was made or removed since it was inspected",
          hint: "plan again")
      }
      swap.items.removeAll { $0.live == nil && $0.entering == nil }
      try Self.requireFree(swap, work)
      try Self.requireSame(swap, work, context)
      return try JSONValue(encoding: FilesSwapSnapshot(method: swap.method, items: swap.items))
    }
  }

  /// Refuses while somebody holds what is still to leave.
  ///
  /// An undo is not held up: who holds what a restore brought would hold up the way back to what was right.
  private static func requireFree(_ swap: TreeSwap, _ work: FilesWork) throws {
    guard work.bindings.undoes == nil else { return }
    let leaving = try swap.items.filter { try $0.live != nil && swap.probe($0) == .notExchanged }
    if !leaving.isEmpty { try FilesHolders(leaving.map(\.name), work).refuse() }
  }

  /// Refuses when something that was copied to stay was changed since, before the exchange or in it.
  private static func requireSame(_ swap: TreeSwap, _ work: FilesWork, _ context: StepContext) throws {
    guard work.overlays, work.bindings.undoes == nil else { return }
    let report = try context.evidence(of: "files.inspect", as: FilesReport.self)
    try work.requireSame(context.evidence(of: "files.overlay", as: OverlayEvidence.self), report.entries, swap)
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard context.snapshot != nil else { return .notDone }
    let (work, swap) = try Self.parts(context, drivers)
    switch try await BlockingThread.run("recover-swap", { _ in try swap.probe() }) {
    case .notExchanged: return .notDone
    case .exchanged: return .done(try Self.evidence(swap, work))
    case .partial(let what): return .partial(what)
    case .unknown(let what): return .unknown(what)
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (work, swap) = try Self.parts(context, drivers)
    let reporter = context.reporter
    try await BlockingThread.run("recover-swap") { _ in
      try work.checkHome()
      // Again, since days may lie between the intent and a resumed run; what stays is compared last of all.
      try Self.requireFree(swap, work)
      try Self.requireSame(swap, work, context)
      try swap.perform { reporter.reach($0.rawValue) }
    }
    return try Self.evidence(swap, work)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (work, swap) = try Self.parts(context, drivers)
    return try await BlockingThread.run("recover-swap") { _ in
      let state = try swap.probe()
      guard state == .exchanged else { return .fails("the trees have not traded places: \(state)") }
      // Whoever was let go on with the old files may write to them.
      guard work.bindings.allowsHolders != true else { return .holds }
      do {
        try Self.requireSame(swap, work, context)
      } catch let error as RecoverError where error.code == .busy {
        return .fails(error.message)
      }
      return .holds
    }
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (_, swap) = try Self.parts(context, drivers)
    switch try await BlockingThread.run("recover-swap", { _ in try swap.probe() }) {
    case .notExchanged: return .absent
    // What looks odd may be an exchange back that was stopped: the undo knows.
    case .exchanged, .partial, .unknown: return .present
    }
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let (_, swap) = try Self.parts(context, drivers)
    let reporter = context.reporter
    return try await BlockingThread.run("recover-swap") { _ in
      try swap.undo { reporter.reach($0.rawValue) }
      guard try swap.probe() == .notExchanged else {
        throw RecoverError(.stepFailed, "the trees have not traded places back: \(try swap.probe())")
      }
      return try JSONValue(encoding: ["exchangedBack": swap.items.map(\.name)])
    }
  }

  /// What `run.accept` looks at: whether every name still stands for what the swap gave it.
  static func accept(_ context: StepContext, _ drivers: StepDrivers) async throws -> JSONValue {
    let step = context.plan.steps.first { $0.uses == "files.swap" }
    guard let step, let snapshot = context.snapshots[step.id] else {
      throw RecoverError(.policyInvalid, "run.accept needs a step that uses files.swap before it")
    }
    let swap = try swap(snapshot, FilesWork(context, drivers))
    return try await BlockingThread.run("recover-swap") { _ in
      for item in swap.items where try TreeExchange.identity("\(swap.home)/\(item.name)") != item.entering {
        throw RecoverError(.drifted, "\(swap.home)/\(item.name) is not the restored one")
      }
      return ["entries": .integer(Int64(swap.items.count))]
    }
  }

  private static func parts(_ context: StepContext, _ drivers: StepDrivers) throws -> (FilesWork, TreeSwap) {
    let work = try FilesWork(context, drivers)
    return (work, try swap(context.snapshot ?? .null, work))
  }

  private static func swap(_ snapshot: JSONValue, _ work: FilesWork) throws -> TreeSwap {
    let seen = try snapshot.decoded(as: FilesSwapSnapshot.self)
    return TreeSwap(home: work.bindings.home, side: work.trees, method: seen.method, items: seen.items)
  }

  private static func evidence(_ swap: TreeSwap, _ work: FilesWork) throws -> JSONValue {
    let leaving = swap.items.filter { $0.live != nil }
    return try JSONValue(
      encoding: FilesSwapEvidence(
        replaced: swap.items.filter { $0.live != nil && $0.entering != nil }.map(\.name),
        brought: swap.items.filter { $0.live == nil }.map(\.name),
        removed: swap.items.filter { $0.entering == nil }.map(\.name),
        keptTree: leaving.isEmpty ? nil : work.trees, method: swap.method))
  }
}

/// What stands behind each name before the swap.
struct FilesSwapSnapshot: Codable {
  var method: TreeExchange.Method
  var items: [TreeSwap.Item]
}

private struct FilesSwapEvidence: Codable {
  var replaced: [String]
  var brought: [String]
  var removed: [String]
  /// Where what was live before is; nil where nothing was.
  var keptTree: String?
  var method: TreeExchange.Method
}
