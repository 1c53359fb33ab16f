internal import RecoverBase
package import RecoverCore
internal import RecoverEngine
internal import Synchronization

/// One life of the run after another, until nothing is left to do.
package enum Sweep {
  /// What a sequence of lives came to.
  package struct Ending: Sendable {
    package var machine: RunMachine
    package var image: Simulation.Image
    package var records: [JournalRecord]
    package var events: [RunEvent]
    /// What every crash of the last life would have left, each different from the one before.
    package var crashes: [Crash]
    /// How many crossings the last life passed.
    package var crossingCount: Int
  }

  /// What a crash at one crossing leaves.
  package struct Crash: Sendable {
    package var crossing: SimulatedProcess.Crossing
    package var image: Simulation.Image
  }

  /// Lives that a run may need before it is an endless loop.
  private static let lifeLimit = 20

  /// Performs or resumes the run of an image, as an operator would, until it has ended or only a decision helps.
  ///
  /// - Parameters:
  ///   - seed: the chance of the runner's clock.
  ///   - capturing: whether to keep what a crash at each crossing of the first life would leave.
  package static func finish(_ image: Simulation.Image, seed: UInt64 = 0, capturing: Bool = false) async throws
    -> Ending
  {
    let simulation = Simulation(revived(image), seed: seed)
    defer { simulation.bury() }
    let crashes = CrashRecorder()
    var crossingCount = 0
    var last: RunMachine?
    var lives = 0
    while let state = simulation.store.state(of: simulation.run), let entry = entry(for: state) {
      lives += 1
      guard lives <= lifeLimit else { throw SimulationFailure("I13: \(lives) lives were not enough") }
      let isCaptured = capturing && lives == 1
      let hook: SimulatedProcess.Hook? = isCaptured ? crashes.record : nil
      let process = simulation.spawn(entry, hook: hook)
      try simulation.drive(until: process)
      if isCaptured { crossingCount = process.crossingCount }
      guard let result = process.result else { throw SimulationFailure("the process did not end") }
      do { last = try result.get() } catch {
        throw SimulationFailure("a runner threw \(error) in state \(state.name)")
      }
    }
    var ending = try ending(of: simulation)
    ending.crashes = crashes.all
    ending.crossingCount = crossingCount
    if let last, ending.machine != last {
      throw SimulationFailure("I9: the journal folds to \(ending.machine.state.name), not to what the runner had")
    }
    return ending
  }

  /// A run as it stands in a universe.
  package static func ending(of simulation: Simulation) throws -> Ending {
    let journal = simulation.store.journal(of: simulation.run)
    return Ending(
      machine: try RunMachine(replaying: journal.map { (event: $0.event, time: $0.record.wallTime) }),
      image: simulation.image, records: journal.map(\.record), events: journal.map(\.event), crashes: [],
      crossingCount: 0)
  }

  /// What an operator does with a run in a state; nil where only a decision goes on.
  private static func entry(for state: RunState) -> Runner.Entry? {
    switch state {
    case .planned: .start(confirmedBy: "operator")
    case .running, .waiting, .compensating, .finalizing, .paused: .resume(by: "operator")
    case .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned: nil
    }
  }

  /// The image as the next runner finds it: no runner lives, children that were at work may have gone on.
  package static func revived(_ image: Simulation.Image) -> Simulation.Image {
    var image = image
    for runner in image.world.runners { image.world.kill(runner: runner) }
    if !image.world.children.isEmpty {
      let side = "app_side_\(Simulation.runID)"
      let missing = image.world.backup.indices.first { image.world.databases[side]?.ledger.contains($0) == false }
      if let missing { image.world.load(missing, into: side) }
    }
    image.now += Duration.seconds(1).nanoseconds
    return image
  }

  private final class CrashRecorder: Sendable {
    private let crashes = Mutex<[Crash]>([])

    var all: [Crash] { crashes.withLock { $0 } }

    func record(_ process: SimulatedProcess, _ crossing: SimulatedProcess.Crossing) -> SimulatedProcess.Verdict {
      let image = process.simulation.image
      crashes.withLock { crashes in
        if let last = crashes.last?.image, last.world == image.world, last.store.size == image.store.size { return }
        crashes.append(Crash(crossing: crossing, image: image))
      }
      return .pass
    }
  }
}
