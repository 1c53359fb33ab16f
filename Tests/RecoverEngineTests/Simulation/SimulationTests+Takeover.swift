internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

extension SimulationTests {
  @Test("an append that fails at any place stops the runner without another effect", arguments: ["before", "after"])
  func failingAppends(when: String) async throws {
    for scenario in [Scenario.happy, .unhealthy] {
      let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
      var findings = Findings()
      for number in 1...reference.records.count {
        await findings.check("append \(number) fails \(when) it is durable") {
          let simulation = Simulation(try await scenario.prepared())
          defer { simulation.bury() }
          let counter = Counter()
          let process = simulation.spawn(.start(confirmedBy: "operator")) { process, crossing in
            guard crossing.point.hasPrefix("\(when) append") else { return .pass }
            guard counter.next() == number else { return .pass }
            counter.mark(process.simulationEffectCount)
            return .fail(RecoverError(.journal, "the disk is broken"))
          }
          try simulation.drive(until: process)
          guard let marked = counter.marked else { return }
          try Property.require(simulation.world.effects.count == marked, "I1: acted after the append had failed")
          let code: RecoverError.Code?
          switch try #require(process.result) {
          case .success: code = nil
          case .failure(let error): code = (error as? RecoverError)?.code
          }
          try Property.require(code == .journal, "ended with \(String(describing: code))")
          try Self.judge(try await Sweep.finish(simulation.image), like: reference)
        }
      }
      findings.report()
    }
  }

  @Test("a disk that fills up at any append that goes on makes the run go back")
  func fullDisk() async throws {
    let reference = try await Sweep.finish(Scenario.happy.prepared(), capturing: true)
    var findings = Findings()
    for number in 1...reference.records.count {
      await findings.check("no room from append \(number) on") {
        let simulation = Simulation(try await Scenario.happy.prepared())
        defer { simulation.bury() }
        let counter = Counter()
        let process = simulation.spawn(.start(confirmedBy: "operator")) { _, crossing in
          guard crossing.point.hasPrefix("before append"), crossing.goesOn, counter.next() >= number else {
            return .pass
          }
          counter.mark(number)
          return .fail(RecoverError(.noSpace, "the disk is full"))
        }
        try simulation.drive(until: process)
        guard counter.marked != nil else { return }
        let ending = try Sweep.ending(of: simulation)
        if ending.machine.state != .planned { _ = try #require(process.result).get() }
        try Oracle.judge(ending)
        switch ending.machine.state {
        case .planned, .rolledBack, .failedClean: break
        case .needsOperator(.running):
          try Property.require(ending.machine.isPivotStanding, "needs an operator before the pivot")
        case .running, .waiting, .paused, .compensating, .finalizing, .needsOperator, .succeeded, .abandoned:
          throw SimulationFailure("ended as \(ending.machine.state.name)")
        }
      }
    }
    findings.report()
  }

  @Test("a runner that hangs past its lease is ended before the next one acts")
  func hangs() async throws {
    for scenario in [Scenario.happy, .unhealthy] {
      let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
      var findings = Findings()
      for number in 1...reference.crossingCount {
        await findings.check("hangs at \(number)") {
          let simulation = Simulation(try await scenario.prepared())
          defer { simulation.bury() }
          let hung = simulation.spawn(.start(confirmedBy: "operator")) { _, crossing in
            crossing.number == number ? .freeze : .pass
          }
          try simulation.drive(until: hung)
          simulation.clock.advance(by: .seconds(31))
          let before = try await History(of: simulation.run, in: simulation.store).machine.state
          guard !before.isTerminal else { return }
          // The old runner wakes in the middle of the takeover, and again when all is over.
          let next = simulation.spawn(before == .planned ? .start(confirmedBy: "o") : .resume(by: "o")) { _, crossing in
            if crossing.point == "before fence" { hung.thaw() }
            return .pass
          }
          try simulation.drive(until: next)
          hung.thaw()
          _ = try next.result?.get()
          try Self.judge(try Sweep.ending(of: simulation), like: reference)
        }
      }
      findings.report()
    }
  }

  @Test("a runner whose lease was broken stops, and its run can be resumed")
  func brokenLeases() async throws {
    let scenario = Scenario.happy
    let reference = try await Sweep.finish(scenario.prepared(), capturing: true)
    var findings = Findings()
    for number in 1...reference.crossingCount {
      await findings.check("lease broken at \(number)") {
        let simulation = Simulation(try await scenario.prepared())
        defer { simulation.bury() }
        let process = simulation.spawn(.start(confirmedBy: "operator")) { _, crossing in
          if crossing.number == number { simulation.store.breakAnyLease() }
          return .pass
        }
        try simulation.drive(until: process)
        let appended = try await History(of: simulation.run, in: simulation.store)
        if case .failure(let error) = try #require(process.result) {
          try Property.require((error as? RecoverError)?.code == .leaseLost, "ended with \(error)")
        } else {
          try Property.require(appended.machine.state.isTerminal, "stopped as \(appended.machine.state.name)")
        }
        try Self.judge(try await Sweep.finish(simulation.image), like: reference)
      }
    }
    findings.report()
  }
}
