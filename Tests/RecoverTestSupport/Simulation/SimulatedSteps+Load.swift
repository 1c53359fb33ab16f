internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// Loads the backup piece by piece through a child process, with a ledger in the side database.
struct LoadStep: Step {
  let process: SimulatedProcess

  var isInterruptible: Bool { true }

  private func side(_ context: StepContext) -> String { "app_side_\(context.run)" }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let world = process.simulation.world
    guard let side = world.databases[side(context)] else { return .unknown("the side database is not there") }
    if side.ledger.isEmpty { return .notDone }
    guard side.flushedCount == world.backup.count else { return .partial("\(side.flushedCount) pieces are durable") }
    return .done(["rows": .integer(Int64(side.rows.count))])
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let child = try await startChild(context)
    do {
      try await load(context)
    } catch {
      endChild(child)
      throw error
    }
    endChild(child)
    return ["rows": .integer(Int64(process.simulation.world.backupRows.count))]
  }

  /// A child works only once its existence is durable.
  private func startChild(_ context: StepContext) async throws -> Int32 {
    let pid = process.simulation.change { world -> Int32 in
      world.nextPID += 1
      world.children.append(
        SimulatedChild(pid: world.nextPID, parent: process.pid, epoch: context.epoch, isGated: true))
      return world.nextPID
    }
    do {
      try await context.reporter.childStarted(["pid": .integer(Int64(pid))])
    } catch {
      endChild(pid)
      throw error
    }
    process.simulation.change { world in
      for index in world.children.indices where world.children[index].pid == pid {
        world.children[index].isGated = false
      }
    }
    return pid
  }

  private func endChild(_ pid: Int32) {
    guard (try? process.check()) != nil else { return }
    process.simulation.change { $0.children.removeAll { $0.pid == pid } }
  }

  private func load(_ context: StepContext) async throws {
    let name = side(context)
    let serverStarts = process.simulation.world.serverStarts
    for piece in process.simulation.world.backup.indices {
      try Task.checkCancellation()
      if process.simulation.world.databases[name]?.ledger.contains(piece) == true { continue }
      try await process.simulation.clock.sleep(for: .milliseconds(200))
      try await process.effect(context, .forward, "piece \(piece)") { world in
        try world.requireConnection(since: serverStarts)
        world.load(piece, into: name)
      }
      try await context.reporter.checkpoint("piece", .integer(Int64(piece)))
    }
    try await process.effect(context, .forward, "flush") { world in
      try world.requireConnection(since: serverStarts)
      world.databases[name]?.flushedCount = world.backup.count
    }
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let world = process.simulation.world
    return world.databases[side(context)]?.rows == world.backupRows ? .holds : .fails("rows are missing")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    process.simulation.world.databases[side(context)]?.ledger.isEmpty ?? true ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let name = side(context)
    guard process.simulation.world.databases[name] != nil else { return .null }
    try await process.effect(context, .undo, "truncate") { world in
      world.databases[name]?.rows = []
      world.databases[name]?.ledger = []
      world.databases[name]?.flushedCount = 0
    }
    return .null
  }
}

extension SimulatedWorld {
  fileprivate func requireConnection(since serverStarts: Int) throws {
    guard serverStarts == self.serverStarts else { throw RecoverError(.connectionLost, "the server was restarted") }
  }

  /// Loads one piece of the backup with its ledger row, in one transaction; twice is refused by the ledger's key.
  mutating func load(_ piece: Int, into name: String) {
    guard let database = databases[name], !database.ledger.contains(piece) else { return }
    databases[name]?.rows += backup[piece]
    databases[name]?.ledger.append(piece)
  }
}
