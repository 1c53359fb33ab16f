internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

/// Random walks of the machine: a world of dice answers every question, people and crashes come in between.
@Suite("run machine walks")
struct RunMachineWalkTests {
  /// One walk: the machine, and what would be in its journal.
  private struct Walk {
    var machine: RunMachine
    var events: [(event: RunEvent, time: WallTime)]
    var now = Plans.time(0)
    var generator: SeededGenerator
    /// The state after each event.
    var states: [RunMachine] = []

    init(_ generator: SeededGenerator) throws {
      self.generator = generator
      let plan = Self.plan(&self.generator)
      machine = RunMachine(plan: plan)
      events = [(.planned(plan: plan, hash: try plan.hash()), now)]
    }

    private static func plan(_ generator: inout SeededGenerator) -> Plan {
      var steps: [PlannedStep] = []
      func add(_ kind: StepKind) {
        var step = Plans.step(
          "s\(steps.count)", kind, attempts: generator.int(1...3), onExhausted: generator.pick([.fail, .pause]),
          holding: [generator.pick(["a", "b", "c"])])
        if kind == .compensable, generator.chance(1, of: 4) { step.obligation = "owed by \(step.id)" }
        if kind == .readonly, generator.chance(1, of: 4) {
          step.approval = ApprovalTerms(message: "?", within: .seconds(60))
        }
        if generator.chance(1, of: 2) { step.deadline = .seconds(generator.int(1...100)) }
        steps.append(step)
      }
      for _ in 0..<generator.int(1...4) { add(generator.pick([.readonly, .compensable, .compensable])) }
      if generator.chance(2, of: 3) {
        add(.pivot)
        for _ in 0..<generator.int(0...2) { add(.forward) }
      }
      if generator.chance(1, of: 2) { add(.finalizer) }
      if let last = steps.last {
        for index in steps.indices where steps[index].obligation != nil { steps[index].dischargedBy = [last.id] }
      }
      return Plans.plan(steps)
    }

    mutating func append(_ event: RunEvent) throws {
      try machine.apply(event, at: now)
      events.append((event, now))
      states.append(machine)
      now = now + .milliseconds(generator.int(0...2000))
    }

    /// What the runner, a person or a crash does next; false when the run is at rest.
    mutating func advance() throws -> Bool {
      if machine.state.isActive, generator.chance(1, of: 12) {
        try append(.resumed(by: "next runner", grant: false))
      } else if machine.state.isActive, generator.chance(1, of: 25) {
        try interfere()
      }
      switch machine.next(now: now) {
      case .stop: return try decide()
      case .record(let event): try append(event)
      case .wait(let until): now = until
      case .awaitApproval(let step, let until): try answer(step, until)
      case .evaluateGuard(let step):
        try appendStep(step, .guarded(skip: generator.chance(1, of: 8) ? "not needed" : nil))
      case .probe(let step): try probe(step)
      case .perform(let step, _, _): try perform(step)
      case .probeUndo(let step):
        let result: UndoProbeResult = generator.pick([.absent, .present, .present, .unknown("?")])
        try append(machine.decide(undoProbed: step, result, now: now, random: 0.5))
      case .undo(let step, _):
        let result: Result<JSONValue, any Error> =
          generator.chance(2, of: 3) ? .success(.null) : .failure(error(transient: generator.chance(3, of: 4)))
        try append(machine.decide(undone: step, result, now: now, random: 0.5))
      }
      return true
    }

    private func error(transient: Bool) -> RecoverError { RecoverError(transient ? .busy : .stepFailed, "scripted") }

    private mutating func appendStep(_ index: Int, _ event: StepEvent) throws {
      try append(.step(id: machine.plan.steps[index].id, event: event))
    }

    private mutating func probe(_ step: Int) throws {
      if generator.chance(1, of: 10) {
        let cause = Cause(error(transient: generator.chance(1, of: 2)))
        return try append(machine.decide(failed: step, cause, now: now, random: 0.5))
      }
      let result: ProbeResult = generator.pick([
        .notDone, .notDone, .notDone, .done(1), .partial("half"), .unknown("?"),
      ])
      switch machine.decide(probed: step, result, now: now, random: 0.5) {
      case .record(let event): try append(event)
      case .intend(let attempt, let isRepair, _):
        try appendStep(step, .intended(attempt: attempt, snapshot: nil, isRepair: isRepair))
      }
    }

    private mutating func perform(_ step: Int) throws {
      if generator.chance(1, of: 4) {
        try append(
          .checkpoint(step: machine.plan.steps[step].id, name: "c", value: .integer(Int64(generator.int(0...3)))))
      }
      let result: Result<(JSONValue, Verdict), any Error>
      switch generator.int(0...9) {
      case 0...5: result = .success((1, .holds))
      case 6: result = .success((1, .fails("it does not hold")))
      case 7: result = .failure(error(transient: true))
      case 8: result = .failure(error(transient: false))
      default: result = .failure(CancellationError())
      }
      try append(machine.decide(performed: step, result, now: now, random: 0.5))
    }

    private mutating func answer(_ step: Int, _ until: WallTime) throws {
      let id = machine.plan.steps[step].id
      switch generator.int(0...2) {
      case 0: try append(.approved(step: id, by: "chief"))
      case 1: try append(.failing(cause: Cause(code: .cancelled, message: "rejected"), pivotDisproved: false))
      default:
        now = until
        try append(.failing(cause: Cause(code: .timedOut, message: "late"), pivotDisproved: false))
      }
    }

    /// A request that the state has room for.
    private mutating func interfere() throws {
      let cause = Cause(code: .cancelled, message: "asked")
      switch machine.state {
      case .running: try append(generator.chance(1, of: 2) ? .paused(cause: cause) : failing(cause))
      case .waiting: try append(failing(cause))
      case .compensating, .finalizing: try append(.requestIgnored(kind: "pause"))
      case .planned, .paused, .needsOperator, .succeeded, .rolledBack, .failedClean, .abandoned: break
      }
    }

    private mutating func failing(_ cause: Cause) -> RunEvent {
      let pivot = machine.steps.indices.first { machine.steps[$0].kind == .pivot }
      let isUncertain = pivot.map { machine.steps[$0].wasIntended && machine.steps[$0].state != .done } ?? false
      return .failing(cause: cause, pivotDisproved: isUncertain && generator.chance(1, of: 2))
    }

    /// What a person does with a run that nobody works on.
    private mutating func decide() throws -> Bool {
      switch machine.state {
      case .planned: try append(.started(confirmedBy: "me"))
      case .paused: try append(.resumed(by: "me", grant: true))
      case .needsOperator(let from):
        if from != .finalizing(.ok), from != .finalizing(.rolledBack), from != .finalizing(.failed),
          !machine.isPivotStanding, generator.chance(1, of: 2)
        {
          try append(.compensateRequested(by: "me"))
        } else if generator.chance(2, of: 3) {
          try append(.resumed(by: "me", grant: true))
        } else {
          try append(.abandoned(by: "me"))
        }
      case .running, .waiting, .compensating, .finalizing, .succeeded, .rolledBack, .failedClean, .abandoned:
        return false
      }
      return true
    }
  }

  private static func walk(_ generator: SeededGenerator) throws -> Walk {
    var walk = try Walk(generator)
    var turns = 0
    while try walk.advance() {
      turns += 1
      try Property.require(turns < 2000, "I13: the run does not end: it is \(walk.machine.state.name)")
    }
    return walk
  }

  @Test("every walk ends, and each prefix of its journal replays to the state it had then (I9, I13)")
  func prefixes() throws {
    try Property.check { generator in
      let walk = try Self.walk(generator)
      try Property.require(walk.machine.state.isTerminal, "ended as \(walk.machine.state.name)")
      var replayed = RunMachine(plan: walk.machine.plan)
      for ((event, time), state) in zip(walk.events.dropFirst(), walk.states) {
        try replayed.apply(event, at: time)
        try Property.require(replayed == state, "replays to another state after \(event.kind)")
      }
      try Property.require(try RunMachine(replaying: walk.events) == walk.machine, "replays to another end")
    }
  }

  @Test("what is done or undone is never begun again, and no undo follows a standing pivot (I2, I4)")
  func order() throws {
    try Property.check { generator in
      let walk = try Self.walk(generator)
      var (done, undone, isPivotDone) = (Set<String>(), Set<String>(), false)
      for (event, _) in walk.events {
        guard case .step(let id, let event) = event else { continue }
        switch event {
        case .succeeded, .adopted:
          done.insert(id)
          if walk.machine.plan.steps[try walk.machine.index(of: id)].kind == .pivot { isPivotDone = true }
        case .undone: undone.insert(id)
        case .intended: try Property.require(!done.contains(id), "I2: \(id) was begun again")
        case .undoIntended:
          try Property.require(!undone.contains(id), "I2: \(id) was undone again")
          try Property.require(!isPivotDone, "I4: \(id) was undone after the pivot")
        case .guarded, .obstructed, .attemptFailed, .probedUnknown, .suspended, .failed, .undoAttemptFailed,
          .undoFailed:
          break
        }
      }
    }
  }

  @Test("an event that makes no sense throws a journal error, whatever the state, and never traps")
  func nonsense() throws {
    try Property.check { generator in
      var walk = try Walk(generator)
      for _ in 0..<generator.int(0...20) { guard try walk.advance() else { break } }
      let steps = walk.machine.plan.steps.map(\.id) + ["nobody"]
      for _ in 0..<4 {
        let (event, time) = (generator.event(steps: steps), generator.time())
        do { try walk.machine.apply(event, at: time) } catch let error as RecoverError {
          try Property.require(error.code == .journal, "code \(error.code)")
        }
        // Also a state that nonsense led to has an answer.
        _ = walk.machine.next(now: walk.now)
        _ = walk.machine.exitStatus
      }
    }
  }
}
