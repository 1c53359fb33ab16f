internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Synchronization
internal import Testing

/// Runs of the db procedure in a simulated world, crashed wherever they can be, judged by I1 to I14.
///
/// `swift test --filter SimulationTests` runs exactly this suite; RECOVER_SEED repeats what a failure prints. The gate
/// uses one seed and samples; the long tier (RECOVER_LONG, or RECOVER_SIMULATION=all) tries everything that is not
/// random, and more of what is, from a new seed that it prints.
@Suite("simulation")
struct SimulationTests {
  /// How many cases each test has tried; RECOVER_SIMULATION=count prints the sums.
  private static let tally = Mutex<[String: Int]>([:])

  /// The seed of what is random here.
  static let seed: UInt64 = {
    guard isExhaustive || environmentValue("RECOVER_SEED") != nil else { return 20_261_123 }
    let seed = SeededGenerator.runSeed
    print("simulation: RECOVER_SEED=\(seed)")
    return seed
  }()

  /// Collects what goes wrong in a sweep, and says where; stops a sweep that is hopeless.
  struct Findings {
    private(set) var texts: [String] = []
    private(set) var count = 0
    /// What was tried, for the sums that the suite prints.
    private(set) var cases = 0

    /// Runs one case of a sweep.
    mutating func check(_ place: @autoclosure () -> String, _ body: () async throws -> Void) async {
      cases += 1
      do { try await body() } catch {
        count += 1
        if texts.count < 5 { texts.append("\(place()): \(error)") }
      }
    }

    /// Fails the test when anything was found.
    func report(_ sourceLocation: SourceLocation = #_sourceLocation, _ function: String = #function) {
      let sum = tally.withLock { tally in
        tally[function, default: 0] += cases
        return tally[function, default: 0]
      }
      if environmentValue("RECOVER_SIMULATION") != nil { print("simulation: \(function) \(sum) cases") }
      guard count > 0 else { return }
      Issue.record(
        "\(count) of \(cases) cases failed:\n\(texts.joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
  }

  /// Judges how a crashed run ended: by the invariants, and by how the run ends that was not crashed.
  ///
  /// - Parameter alternative: the other end that a crash may lead to.
  static func judge(_ ending: Sweep.Ending, like reference: Sweep.Ending, or alternative: Sweep.Ending? = nil) throws {
    try Oracle.judge(ending)
    if let alternative, ending.machine.state == alternative.machine.state,
      ending.image.world.outcome == alternative.image.world.outcome
    {
      return
    }
    try Property.require(
      ending.machine.state.name == reference.machine.state.name,
      "ended as \(ending.machine.state.name) (\(ending.machine.cause?.message ?? "")), not as "
        + reference.machine.state.name)
    try Property.require(
      ending.machine.exitStatus == reference.machine.exitStatus, "I14: exits with \(ending.machine.exitStatus)")
    try Property.require(
      ending.image.world.outcome == reference.image.world.outcome,
      "left another world:\n\(ending.image.world.outcome)\nthan:\n\(reference.image.world.outcome)")
  }
}

/// Whether everything is tried instead of a sample.
let isExhaustive = environmentValue("RECOVER_LONG") != nil || environmentValue("RECOVER_SIMULATION") == "all"
