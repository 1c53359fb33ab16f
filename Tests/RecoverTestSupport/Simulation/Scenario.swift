internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// A run of the simulated db procedure with what goes wrong in it, and how it must end when nothing crashes.
package struct Scenario: Sendable, CustomStringConvertible {
  package var name: String
  package var options: SimulatedProcedure.Options
  package var faults: [String: SimulatedFault]
  /// The name of the state in which the run ends.
  package var expected: String
  /// The faults of a run that a crash may turn this one into, since a probe sees what a failure hid; nil where
  /// a crash changes nothing.
  package var alternative: [String: SimulatedFault]?

  package init(
    _ name: String, options: SimulatedProcedure.Options = SimulatedProcedure.Options(),
    faults: [String: SimulatedFault] = [:], endsAs expected: String, orWith alternative: [String: SimulatedFault]? = nil
  ) {
    self.name = name
    self.options = options
    self.faults = faults
    self.expected = expected
    self.alternative = alternative
  }

  package var description: String { name }

  /// The universe before the run's first runner: the plan is journaled.
  package func prepared() async throws -> Simulation.Image {
    var world = SimulatedWorld()
    world.faults = faults
    let image = Simulation.Image(world: world, store: MemoryStore.Image(), now: 0)
    let simulation = Simulation(image)
    try await simulation.store.create(
      Simulation.runID, plan: try SimulatedProcedure.plan(options),
      at: RecordTimes(wall: simulation.clock.wallTime, monotonic: simulation.clock.moment))
    return simulation.image
  }
}

extension Scenario {
  /// Nothing goes wrong.
  package static let happy = Scenario("happy path", endsAs: "succeeded")

  /// The health check fails after the swap, for good.
  package static let unhealthy = Scenario(
    "health fails after the swap", faults: ["health.perform": SimulatedFault(.refused(.checkFailed))],
    endsAs: "rolled-back")

  /// The steps that act before the pivot, in their order.
  package static let compensableSteps = ["prepare", "stop", "fence", "load", "analyze", "swap", "after", "start"]
  private static let beforeEffects = ["inspect"]
  private static let beforePivot = [
    "prepare", "stop", "fence", "load", "analyze", "prove", "swap", "after", "start", "health",
  ]

  /// Each step fails for good: before it acted, and after.
  package static let fatalFailures: [Scenario] = {
    var scenarios: [Scenario] = []
    for kind in [SimulatedFault.Kind.refused(.stepFailed), .failedAfter(.stepFailed)] {
      let when = kind == .refused(.stepFailed) ? "before" : "after"
      func failing(_ step: String, endsAs expected: String) -> Scenario {
        Scenario(
          "\(step) fails \(when) it acts", faults: ["\(step).perform": SimulatedFault(kind)], endsAs: expected,
          orWith: when == "after" ? [:] : nil)
      }
      scenarios += beforeEffects.map { failing($0, endsAs: "failed-clean") }
      scenarios += beforePivot.map { failing($0, endsAs: "rolled-back") }
      // The probe proves that the pivot did not happen, or that it did.
      scenarios.append(failing("accept", endsAs: when == "before" ? "rolled-back" : "needs-operator(running)"))
      scenarios.append(failing("retire", endsAs: "needs-operator(running)"))
      scenarios.append(failing("announce", endsAs: "needs-operator(finalizing)"))
    }
    return scenarios
  }()

  /// Each step fails twice for a reason that passes, and then works.
  package static let transientFailures: [Scenario] =
    (beforeEffects + beforePivot + ["accept", "retire", "announce"]).flatMap { step in
      [SimulatedFault.Kind.refused(.connectionLost), .failedAfter(.connectionLost)].map { kind in
        Scenario(
          "\(step) fails twice (\(kind == .refused(.connectionLost) ? "before" : "after") it acts)",
          faults: ["\(step).perform": SimulatedFault(kind, times: 2)], endsAs: "succeeded")
      }
    }

  /// Everything that is asked of a step besides its work fails.
  package static let askingFailures: [Scenario] = [
    Scenario(
      "a guard fails", faults: ["swap.guard": SimulatedFault(.refused(.stepFailed), times: 1)],
      endsAs: "rolled-back", orWith: [:]),
    Scenario(
      "a snapshot fails", faults: ["stop.observe": SimulatedFault(.refused(.stepFailed), times: 1)],
      endsAs: "rolled-back", orWith: [:]),
    Scenario(
      "a first probe fails", faults: ["load.probe": SimulatedFault(.refused(.stepFailed), times: 1)],
      endsAs: "rolled-back", orWith: [:]),
    Scenario(
      "a snapshot loses its connection", faults: ["stop.observe": SimulatedFault(.refused(.connectionLost), times: 1)],
      endsAs: "succeeded"),
    Scenario(
      "a first probe loses its connection", faults: ["load.probe": SimulatedFault(.refused(.connectionLost), times: 1)],
      endsAs: "succeeded"),
    Scenario(
      "a first probe can't tell", faults: ["load.probe": SimulatedFault(.negative, times: 1)], endsAs: "rolled-back",
      orWith: [:]),
    Scenario(
      "a postcondition fails once", faults: ["start.verify": SimulatedFault(.negative, times: 1)],
      endsAs: "succeeded"),
    Scenario(
      "a postcondition never holds", faults: ["after.verify": SimulatedFault(.negative)], endsAs: "rolled-back"),
  ]

  /// The health check fails, and then an undo fails once, or for good.
  package static let undoFailures: [Scenario] = compensableSteps.flatMap { step in
    [
      unhealthy.with("\(step).undo", SimulatedFault(.refused(.connectionLost), times: 1), endsAs: "rolled-back"),
      unhealthy.with("\(step).undo", SimulatedFault(.failedAfter(.connectionLost), times: 2), endsAs: "rolled-back"),
      unhealthy.with(
        "\(step).undo", SimulatedFault(.refused(.stepFailed)), endsAs: "needs-operator(compensating)",
        orWith: unhealthy.faults),
    ]
  }

  /// The same scenario with one more thing that goes wrong.
  package func with(
    _ key: String, _ fault: SimulatedFault, endsAs expected: String, orWith alternative: [String: SimulatedFault]? = nil
  ) -> Scenario {
    var scenario = self
    scenario.name += "; \(key) \(fault.kind) \(fault.remaining.map { "\($0) times" } ?? "always")"
    scenario.faults[key] = fault
    scenario.expected = expected
    scenario.alternative = alternative
    return scenario
  }
}
