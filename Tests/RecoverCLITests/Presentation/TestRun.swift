import RecoverBase
import RecoverCore

/// A small run of a database for tests: a load that can be undone, a swap, the pivot.
enum TestRun {
  static let id = RunID(seconds: 1_795_416_691, random: 7)

  static func plan(liveOID: Int64? = 42) -> Plan {
    let steps: [(String, StepKind)] = [("load", .compensable), ("swap", .compensable), ("accept", .pivot)]
    return Plan(
      procedure: "db", target: Target(kind: .database, identity: "1/app", name: "app"), environment: .staging,
      bindings: ["liveOID": liveOID.map { .integer($0) } ?? .null],
      steps: steps.map { PlannedStep(id: $0.0, uses: "test.\($0.0)", kind: $0.1, retry: .once) })
  }

  /// The run after events.
  static func machine(_ events: [RunEvent], plan: Plan = plan()) throws -> RunMachine {
    var machine = RunMachine(plan: plan)
    for event in events { try machine.apply(event, at: WallTime(microseconds: 0)) }
    return machine
  }

  /// Events as records, each a second of the monotonic clock after the one before.
  static func records(_ events: [(epoch: Int64, event: RunEvent)]) throws -> [(JournalRecord, RunEvent)] {
    var records: [(JournalRecord, RunEvent)] = []
    for (epoch, event) in events {
      let seconds = Int64(records.count)
      let record = try JournalRecord(
        run: id, after: records.last?.0.link, epoch: epoch, wallTime: WallTime(microseconds: seconds * 1_000_000),
        monotonicTime: Moment(nanoseconds: seconds * 1_000_000_000), event: event)
      records.append((record, event))
    }
    return records
  }

  /// What brings a run to its good end.
  static var success: [RunEvent] {
    let steps = plan().steps.flatMap { planned -> [RunEvent] in
      [
        step(planned.id, .guarded(skip: nil)),
        step(planned.id, .intended(attempt: 1, snapshot: nil, isRepair: false)),
        step(planned.id, .succeeded(evidence: .null)),
      ]
    }
    return [.started(confirmedBy: "x")] + steps + [.completed, .finished]
  }

  static func step(_ id: String, _ event: StepEvent) -> RunEvent { .step(id: id, event: event) }
}
