internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

extension SimulationTests {
  private static let waiting = Scenario(
    "waits for an approval", options: SimulatedProcedure.Options(needsApproval: true), endsAs: "failed-clean")

  /// Performs a run that waits, with requests left at chosen moments of the clock.
  private static func perform(
    _ requests: [(kind: RunRequest.Kind, at: Duration)], on image: Simulation.Image? = nil,
    _ entry: Runner.Entry = .start(confirmedBy: "operator")
  ) async throws -> (machine: RunMachine, simulation: Simulation) {
    var start = try await waiting.prepared()
    if let image { start = image }
    let simulation = Simulation(start)
    defer { simulation.bury() }
    simulation.schedule(requests)
    let process = simulation.spawn(entry)
    try simulation.drive(until: process)
    return (try #require(process.result).get(), simulation)
  }

  @Test("an approval in time lets the run go on")
  func approved() async throws {
    let (machine, simulation) = try await Self.perform([(.approve, .seconds(10))])
    #expect(machine.state == .succeeded)
    #expect(machine.approvals == ["approve": "visitor"])
    try Oracle.judge(try Sweep.ending(of: simulation))
  }

  @Test("a rejection, and an approval that comes too late or never, go back as a cancel does")
  func rejected() async throws {
    for requests in [[(RunRequest.Kind.reject, Duration.seconds(5))], [(.approve, .seconds(21))], []] {
      let (machine, simulation) = try await Self.perform(requests)
      #expect(machine.state == .rolledBack)
      #expect(machine.approvals.isEmpty)
      try Oracle.judge(try Sweep.ending(of: simulation))
    }
  }

  @Test("a crash while the run waits keeps the deadline (I10)")
  func waitingCrashes() async throws {
    let expired = try await Sweep.finish(Self.waiting.prepared(), capturing: true)
    try #require(expired.machine.state == .rolledBack)
    for crash in expired.crashes {
      let ending = try await Sweep.finish(crash.image)
      try Self.judge(ending, like: expired)
      let waits = ending.events.filter { if case .approvalRequested = $0 { true } else { false } }
      #expect(waits.count == 1)
    }
  }

  @Test("a pause while the run waits ends the process, and the run still waits")
  func pausedWhileWaiting() async throws {
    let (machine, simulation) = try await Self.perform([(.pause, .seconds(5))])
    guard case .waiting = machine.state else { throw SimulationFailure("is \(machine.state.name)") }
    // The request was seen: the next runner goes on waiting, and an approval lets it go on.
    let (second, _) = try await Self.perform(
      [(.approve, .seconds(10))], on: simulation.image, .resume(by: "operator"))
    #expect(second.state == .succeeded)
  }

  @Test("approve and reject act at once on a run that nobody performs, unless it is too late")
  func entries() async throws {
    let (_, simulation) = try await Self.perform([(.pause, .seconds(5))])
    let (approved, _) = try await Self.perform([], on: simulation.image, .approve(by: "chief"))
    #expect(approved.state == .succeeded)
    #expect(approved.approvals == ["approve": "chief"])
    let (rejected, _) = try await Self.perform([], on: simulation.image, .reject(by: "chief"))
    #expect(rejected.state == .rolledBack)
    var late = simulation.image
    late.now += Duration.seconds(60).nanoseconds
    let (expired, _) = try await Self.perform([], on: late, .approve(by: "chief"))
    #expect(expired.state == .rolledBack)
    #expect(expired.approvals.isEmpty)
  }

  @Test("an approval that was asked for before the question does not answer it")
  func staleApproval() async throws {
    let simulation = Simulation(try await Self.waiting.prepared())
    simulation.store.leave(.approve, of: simulation.run, by: "visitor", at: simulation.clock.wallTime)
    let (machine, _) = try await Self.perform([], on: simulation.image)
    #expect(machine.state == .rolledBack)
  }
}
