internal import RecoverBase
internal import RecoverCore

// MARK: - How it ended

extension Oracle {
  /// I6, I7, I8: what the final state claims is true of the world.
  func judgeEnd() throws {
    if let rule = world.brokenRule { throw SimulationFailure(rule) }
    switch machine.state {
    case .succeeded: try judgeSuccess()
    case .rolledBack, .failedClean: try judgeFingerprint()
    case .planned, .running, .waiting, .paused, .compensating, .finalizing, .needsOperator, .abandoned: return
    }
    try require(machine.openObligations.isEmpty, "I6: \(machine.openObligations) is still owed")
    // A run that was refused before it began has no finalizers to run.
    guard events.contains(where: { if case .started = $0 { true } else { false } }) else { return }
    try require(world.isAnnouncementComplete, "I6: the finalizer did not finish")
  }

  /// I6: succeeded means that every postcondition holds.
  private func judgeSuccess() throws {
    guard let live = world.live else { throw SimulationFailure("I6: succeeded without a database") }
    try require(live.rows == world.backupRows, "I6: succeeded, but the live database is not the backup")
    try require(live.isOpen && world.isServiceRunning, "I6: succeeded, but the application is not served")
    try require(live.isAnalyzed, "I6: succeeded, but the live database has no statistics")
    try require(world.cache == "new", "I6: succeeded, but the cache was not filled")
    try require(world.acceptedBy != nil, "I6: succeeded, but the result was not accepted")
    let previous = world.databases.values.first { $0.oid == 1 }
    try require(previous?.comment != nil, "I8: the previous database is not under retention")
    for (planned, step) in zip(machine.plan.steps, machine.steps) {
      try require(step.state.isSettled, "I6: succeeded, but \(planned.id) is \(step.state.name)")
    }
  }

  /// I6: rolledBack means that the fingerprint from before the run is restored, and that no write is lost.
  private func judgeFingerprint() throws {
    let state = machine.state.name
    guard let live = world.live else { throw SimulationFailure("I6: \(state) without a database") }
    try require(live.oid == 1 && live.rows == SimulatedWorld.liveRows, "I6: \(state), but the database is another")
    try require(live.isOpen && world.isServiceRunning, "I6: \(state), but the application is not served")
    try require(live.comment == nil, "I6: \(state), but the database carries a breadcrumb")
    try require(world.cache == "old", "I6: \(state), but the cache is not as before")
    try require(world.acceptedBy == nil, "I4: \(state), but the result was accepted")
    let writes = world.databases.values.reduce(0) { $0 + $1.writes.count }
    try require(writes == world.startCount, "I6: writes of the application are lost")
    for (name, database) in world.databases where database.oid != 1 {
      try require(database.comment == "kept under retention", "I6: \(state), but \(name) was left behind")
    }
  }

  /// Causes of a failure before any effect that do not exit with 1.
  private static let cleanFailures: [RecoverError.Code: ExitStatus] = [
    .usage: .usage, .policyInvalid: .usage, .backupRefused: .refused, .checkFailed: .refused, .claimed: .claimed,
    .leaseLost: .claimed, .drifted: .drifted, .notConfirmed: .drifted, .journal: .needsOperator,
    .needsOperator: .needsOperator, .bug: .needsOperator, .waiting: .waiting, .interrupted: .interrupted,
    .terminated: .terminated,
  ]

  /// I14: the exit status is what design.md's table says of the state and its cause.
  func judgeExitStatus() throws {
    let expected: ExitStatus
    switch machine.state {
    case .succeeded: expected = .success
    case .rolledBack: expected = .rolledBack
    case .failedClean: expected = Self.cleanFailures[machine.cause?.code ?? .stepFailed] ?? .failedClean
    case .needsOperator, .abandoned: expected = .needsOperator
    case .waiting: expected = .waiting
    case .paused: expected = machine.cause?.code == .interrupted ? .interrupted : .waiting
    case .planned, .running, .compensating, .finalizing: expected = .interrupted
    }
    try require(
      machine.exitStatus == expected,
      "I14: \(machine.state.name) (\(machine.cause?.code.rawValue ?? "no cause")) exits \(machine.exitStatus)")
  }
}

extension SimulatedWorld {
  /// What is compared between a crashed run and one that was not: all but counters, processes and the log.
  package var outcome: SimulatedWorld {
    var world = self
    world.effects = []
    world.faults = [:]
    world.violation = nil
    world.runners = []
    world.children = []
    world.lockHolder = nil
    world.nextPID = 0
    world.nextOID = 0
    world.serverStarts = 0
    for (name, database) in world.databases where database.oid != 1 { world.databases[name]?.oid = 2 }
    return world
  }
}
