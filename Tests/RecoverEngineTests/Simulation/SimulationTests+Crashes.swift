internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

extension SimulationTests {
  private static let scenarios =
    [Scenario.happy, .unhealthy] + Scenario.fatalFailures + Scenario.transientFailures + Scenario.askingFailures
    + Scenario.undoFailures

  /// How the run ends that a crash may turn a scenario into.
  private static func alternative(to scenario: Scenario) async throws -> Sweep.Ending? {
    guard let faults = scenario.alternative else { return nil }
    let other = Scenario("alternative", options: scenario.options, faults: faults, endsAs: "")
    return try await Sweep.finish(other.prepared())
  }

  /// The crashes from the first call that has a fault on, and not past the last one where the run goes on as if
  /// nothing had been: before and after, a scenario is the happy path or the plain rollback.
  private static func worthwhile(_ crashes: [Sweep.Crash], in scenario: Scenario) -> ArraySlice<Sweep.Crash> {
    let plain: Set = [Scenario.happy.name, Scenario.unhealthy.name]
    guard !isExhaustive, !plain.contains(scenario.name) else { return crashes[...] }
    let undoing = scenario.faults.keys.filter { $0.hasSuffix("ndo") }
    let keys = undoing.isEmpty ? Array(scenario.faults.keys) : undoing
    func isConcerned(_ crash: Sweep.Crash) -> Bool {
      let words = crash.crossing.point.split { " .".contains($0) }
      let isUndo = crash.crossing.point.contains("undo")
      return keys.contains { key in
        words.contains { key.hasPrefix("\($0).") } && (isUndo || !key.hasSuffix("ndo"))
      }
    }
    let first = crashes.firstIndex(where: isConcerned) ?? 0
    guard scenario.expected == "succeeded" else { return crashes[first...] }
    return crashes[first...(crashes.lastIndex(where: isConcerned) ?? crashes.count - 1)]
  }

  @Test("a crash at any crossing changes nothing about the end", arguments: scenarios)
  func crashes(scenario: Scenario) async throws {
    let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
    try Oracle.judge(reference)
    try #require(reference.machine.state.name == scenario.expected)
    let alternative = try await Self.alternative(to: scenario)
    var findings = Findings()
    for crash in Self.worthwhile(reference.crashes, in: scenario) {
      await findings.check("crash \(crash.crossing.point) (\(crash.crossing.number))") {
        try Self.judge(try await Sweep.finish(crash.image), like: reference, or: alternative)
      }
    }
    findings.report()
  }

  /// The scenarios whose resumes are crashed a second time.
  private static let twiceCrashed: [Scenario] = [
    .happy, .unhealthy,
    .unhealthy.with("swap.undo", SimulatedFault(.failedAfter(.connectionLost), times: 1), endsAs: "rolled-back"),
    Scenario(
      "the load fails once", faults: ["load.perform": SimulatedFault(.refused(.connectionLost), times: 1)],
      endsAs: "succeeded"),
  ]

  @Test("a second crash at any crossing of the resume changes nothing about the end", arguments: twiceCrashed)
  func crashesTwice(scenario: Scenario) async throws {
    let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
    var generator = SeededGenerator(seed: Self.seed)
    var findings = Findings()
    for first in reference.crashes {
      let resumed = try await Sweep.finish(first.image, capturing: true)
      for second in resumed.crashes where isExhaustive || generator.chance(1, of: 12) {
        await findings.check("seed \(Self.seed): crash \(first.crossing.number), then \(second.crossing) of the resume")
        {
          try Self.judge(try await Sweep.finish(second.image), like: reference)
        }
      }
    }
    findings.report()
  }

  @Test("a process that is stopped in its tracks leaves what the image of that moment holds")
  func frozenCrashes() async throws {
    for scenario in [Scenario.happy, .unhealthy] {
      let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
      for crash in reference.crashes {
        let simulation = Simulation(try await scenario.prepared())
        defer { simulation.bury() }
        let process = simulation.spawn(.start(confirmedBy: "operator")) { _, crossing in
          crossing.number == crash.crossing.number ? .freeze : .pass
        }
        try simulation.drive(until: process)
        #expect(simulation.image.world == crash.image.world)
        #expect(simulation.image.store.size == crash.image.store.size)
      }
    }
  }
}
