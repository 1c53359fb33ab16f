internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// Stops the application.
struct StopStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    process.simulation.world.isServiceRunning ? .notDone : .done(.null)
  }

  func observe(_ context: StepContext) async throws -> JSONValue {
    ["running": .bool(process.simulation.world.isServiceRunning)]
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await process.effect(context, .forward, "stop") { $0.isServiceRunning = false }
    return .null
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    process.simulation.world.isServiceRunning ? .fails("the application still runs") : .holds
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    process.simulation.world.isServiceRunning ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    guard context.snapshot?["running"]?.bool == true else { return .null }
    try await process.effect(context, .undo, "start") { $0.startService() }
    return .null
  }
}

/// Starts the application.
struct StartStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    process.simulation.world.isServiceRunning ? .done(.null) : .notDone
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await process.effect(context, .forward, "start") { $0.startService() }
    return .null
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    process.simulation.world.isServiceRunning ? .present : .absent
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    try await process.effect(context, .undo, "stop") { $0.isServiceRunning = false }
    return .null
  }
}

/// Asks whether the application works.
struct HealthStep: Step {
  let process: SimulatedProcess

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await process.simulation.clock.sleep(for: .milliseconds(300))
    guard process.simulation.world.isServiceRunning else {
      throw RecoverError(.checkFailed, "the application does not run")
    }
    return .null
  }
}

/// Fills the cache anew.
struct AfterStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    process.simulation.world.cache == "new" ? .done(.null) : .notDone
  }

  func observe(_ context: StepContext) async throws -> JSONValue { .string(process.simulation.world.cache) }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await process.effect(context, .forward, "flush") { $0.cache = "" }
    try await process.effect(context, .forward, "fill") { $0.cache = "new" }
    return .null
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    process.simulation.world.cache == context.snapshot?.string ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let before = context.snapshot?.string ?? ""
    try await process.effect(context, .undo, "restore") { $0.cache = before }
    return .null
  }
}

/// Accepts what the application writes from now on: the pivot.
struct AcceptStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    process.simulation.world.acceptedBy == context.run.text ? .done(.null) : .notDone
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let run = context.run.text
    try await process.effect(context, .forward, "accept") { $0.acceptedBy = run }
    return .null
  }
}

/// Announces the end of the run, in two acts; a finalizer.
struct AnnounceStep: Step {
  let process: SimulatedProcess

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let world = process.simulation.world
    if !world.announced.contains(context.run.text) { return .notDone }
    return world.isAnnouncementComplete ? .done(.null) : .partial("the announcement is cut off")
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let run = context.run.text
    try await process.effect(context, .forward, "begin") { $0.announced.append(run) }
    return try await repair(context)
  }

  func repair(_ context: StepContext) async throws -> JSONValue {
    try await process.effect(context, .forward, "complete") { $0.isAnnouncementComplete = true }
    return .null
  }
}
