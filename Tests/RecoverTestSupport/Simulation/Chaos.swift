internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import Synchronization

/// A random history of a run from one seed: faults, crashes, hangs, requests, full disks, and people who decide.
package final class Chaos: Sendable {
  private let dice: Mutex<SeededGenerator>
  private let simulation: Simulation
  /// How many crossings of a life pass before something happens, on average.
  private static let calmness = 40

  /// The universe of a seed.
  package init(seed: UInt64) async throws {
    var dice = SeededGenerator(seed: seed)
    var options = SimulatedProcedure.Options()
    options.needsApproval = dice.chance(1, of: 4)
    options.stopsLate = dice.chance(1, of: 4)
    if dice.chance(1, of: 4) { options.onExhausted = .pause }
    let scenario = Scenario("chaos", options: options, faults: Self.faults(&dice), endsAs: "")
    simulation = Simulation(try await scenario.prepared(), seed: dice.next())
    self.dice = Mutex(dice)
  }

  private static func faults(_ dice: inout SeededGenerator) -> [String: SimulatedFault] {
    let steps = [
      "inspect", "prepare", "stop", "fence", "load", "analyze", "prove", "swap", "after", "start", "health", "accept",
      "retire", "announce",
    ]
    let operations = ["perform", "perform", "undo", "undo", "probe", "probeUndo", "verify", "guard", "observe"]
    let codes: [RecoverError.Code] = [.connectionLost, .connectionLost, .stepFailed, .busy, .noSpace]
    var faults: [String: SimulatedFault] = [:]
    for _ in 0..<dice.int(0...3) {
      let kind: SimulatedFault.Kind =
        switch dice.int(0...3) {
        case 0: .negative
        case 1: .failedAfter(dice.pick(codes))
        default: .refused(dice.pick(codes))
        }
      faults["\(dice.pick(steps)).\(dice.pick(operations))"] = SimulatedFault(
        kind, times: dice.chance(1, of: 3) ? nil : dice.int(1...4))
    }
    return faults
  }

  private func roll<Value: Sendable>(_ body: (inout SeededGenerator) -> Value) -> Value { dice.withLock { body(&$0) } }
}

// MARK: - Lives

extension Chaos {
  /// Lets the run have some wild lives and then calm ones, until it has ended; judges after each.
  ///
  /// - Returns: the name of the state in which the run ended.
  /// - Throws: ``SimulationFailure`` naming what was broken.
  package func play() async throws -> String {
    defer { simulation.bury() }
    for _ in 0..<roll({ $0.int(1...5) }) where !state.isTerminal { try await live(isWild: true) }
    simulation.change { $0.faults = [:] }
    var lives = 0
    while !state.isTerminal {
      lives += 1
      guard lives < 20 else { throw SimulationFailure("I13: \(state.name) does not end") }
      try await live(isWild: false)
    }
    return state.name
  }

  private var state: RunState { simulation.store.state(of: simulation.run) ?? .planned }

  private func live(isWild: Bool) async throws {
    guard let entry = entry(isWild: isWild) else { return }
    let process = simulation.spawn(entry) { [self] process, crossing in
      isWild && crossing.number > 0 ? disturb(process, crossing) : .pass
    }
    try simulation.drive(until: process)
    try check(process)
    try Oracle.judge(try Sweep.ending(of: simulation))
    // Whoever hangs may keep its lease, or lose it; whoever crashed is gone.
    simulation.clock.advance(by: .seconds(roll { $0.int(0...40) }))
    if !isWild { simulation.clock.advance(by: .seconds(31)) }
  }

  /// What a life may throw: that somebody else holds the run, that the disk or the lease failed, that it is asked
  /// for what it can't do.
  private func check(_ process: SimulatedProcess) throws {
    guard case .failure(let error)? = process.result else { return }
    guard let error = error as? RecoverError else { throw SimulationFailure("a runner threw \(error)") }
    switch error.code {
    case .claimed, .leaseLost, .usage, .noSpace: return
    case .journal where error.message == Self.brokenDisk: return
    default: throw SimulationFailure("a runner threw \(error.code): \(error)")
    }
  }

  private func entry(isWild: Bool) -> Runner.Entry? {
    let isResumed = !isWild || roll { $0.chance(2, of: 3) }
    switch state {
    case .planned: return .start(confirmedBy: "operator")
    case .waiting:
      return roll { $0.pick([.approve(by: "chief"), .reject(by: "chief"), .resume(by: "operator")]) }
    case .needsOperator:
      if isResumed { return .resume(by: "operator") }
      return roll { $0.pick([.compensate(by: "operator"), .resume(by: "operator")]) }
    case .running, .paused, .compensating, .finalizing:
      return isResumed ? .resume(by: "operator") : .cancel(by: "operator")
    case .succeeded, .rolledBack, .failedClean, .abandoned: return nil
    }
  }
}

// MARK: - Disturbances

extension Chaos {
  private static let brokenDisk = "the disk is broken"

  /// What happens to a process at a crossing.
  private func disturb(_ process: SimulatedProcess, _ crossing: SimulatedProcess.Crossing) -> SimulatedProcess.Verdict {
    guard roll({ $0.chance(1, of: Self.calmness) }) else { return .pass }
    let isAppend = crossing.point.contains(" append ")
    switch roll({ $0.int(0...10) }) {
    case 0, 1, 2:
      // A crash: frozen here, and dead.
      simulation.kill(process.pid)
      return .freeze
    case 3: return .freeze
    case 4 where isAppend: return .fail(RecoverError(.journal, Self.brokenDisk))
    case 5 where crossing.goesOn && crossing.point.hasPrefix("before append"):
      return .fail(RecoverError(.noSpace, "the disk is full"))
    case 6: process.control.ask(.pause(Cause(code: .interrupted, message: "Ctrl-C")))
    case 7: process.control.ask(.cancel(Cause(code: .cancelled, message: "cancelled")))
    case 8:
      let kind: RunRequest.Kind = roll { $0.pick([.pause, .cancel, .approve, .reject]) }
      simulation.store.leave(kind, of: simulation.run, by: "visitor", at: simulation.clock.wallTime)
    case 9: simulation.store.breakAnyLease()
    case 10: simulation.change { $0.restartServer() }
    default: process.control.ask(.stop(Cause(code: .claimed, message: "stopped")))
    }
    if roll({ $0.chance(1, of: 4) }) { simulation.thawAnyone(but: process.pid) }
    return .pass
  }
}
