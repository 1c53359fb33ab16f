internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

extension SimulationTests {
  /// How a request reaches the runner.
  enum Channel: CaseIterable {
    case signal, row
  }

  /// Performs a run and asks for something at one crossing.
  ///
  /// - Returns: how the first life ended, and the universe that it left.
  private static func perform(
    _ scenario: Scenario, asking kind: RunRequest.Kind, at number: Int, through channel: Channel
  ) async throws -> (result: Result<RunMachine, any Error>, simulation: Simulation) {
    let simulation = Simulation(try await scenario.prepared())
    defer { simulation.bury() }
    let process = simulation.spawn(.start(confirmedBy: "operator")) { process, crossing in
      guard crossing.number == number else { return .pass }
      switch channel {
      case .row:
        simulation.store.leave(kind, of: simulation.run, by: "operator", at: simulation.clock.wallTime)
      case .signal:
        let cause = Cause(code: kind == .pause ? .interrupted : .cancelled, message: "asked by signal")
        process.control.ask(kind == .pause ? .pause(cause) : .cancel(cause))
      }
      return .pass
    }
    try simulation.drive(until: process)
    return (try #require(process.result), simulation)
  }

  @Test(
    "a cancel at any crossing goes back cleanly, or is too late", arguments: [Scenario.happy, .unhealthy],
    Channel.allCases)
  func cancels(scenario: Scenario, channel: Channel) async throws {
    let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
    var findings = Findings()
    for number in 1...reference.crossingCount {
      await findings.check("cancel at \(number)") {
        let (result, simulation) = try await Self.perform(scenario, asking: .cancel, at: number, through: channel)
        let machine = try result.get()
        let ending = try Sweep.ending(of: simulation)
        try Property.require(ending.machine == machine, "I9: the journal folds to another state")
        try Oracle.judge(ending)
        let isAccepted = simulation.world.acceptedBy != nil
        switch machine.state {
        case .rolledBack, .failedClean: try Property.require(!isAccepted, "I4: went back after the pivot")
        case .needsOperator(.running): try Property.require(isAccepted, "needs an operator before the pivot")
        case .succeeded: break
        case .planned, .running, .waiting, .paused, .compensating, .finalizing, .needsOperator, .abandoned:
          throw SimulationFailure("ended as \(machine.state.name)")
        }
      }
    }
    findings.report()
  }

  @Test(
    "a pause at any crossing stops at a safe point, and the run can be resumed",
    arguments: [Scenario.happy, .unhealthy], Channel.allCases)
  func pauses(scenario: Scenario, channel: Channel) async throws {
    let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
    var findings = Findings()
    for number in 1...reference.crossingCount {
      await findings.check("pause at \(number)") {
        let (result, simulation) = try await Self.perform(scenario, asking: .pause, at: number, through: channel)
        let machine = try result.get()
        try Property.require(
          machine.state == .paused || machine.state == reference.machine.state, "ended as \(machine.state.name)")
        if machine.state == .paused {
          let pending = try await simulation.store.pendingRequests(of: simulation.run)
          try Property.require(pending.isEmpty, "the request is still there")
        }
        try Self.judge(try await Sweep.finish(simulation.image), like: reference)
      }
    }
    findings.report()
  }
}
