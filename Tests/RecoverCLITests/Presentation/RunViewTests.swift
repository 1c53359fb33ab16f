import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("A run in one line")
struct RunViewTests {
  static let run = TestRun.id
  static let started = RunEvent.started(confirmedBy: "x")

  @Test("the first line names the run, its target and plan, and how to go on")
  func heading() throws {
    let plan = TestRun.plan()
    let hash = try plan.hash()
    #expect(
      RunView.heading(run: Self.run, plan: plan, hash: hash, place: CommandPlace(state: "/s"))
        == "run \(Self.run): db on app, plan \(hash.short);"
        + " if this terminal goes away: recover resume \(Self.run) --state /s")
  }

  struct Row: Sendable {
    var events: [RunEvent]
    var liveOID: Int64? = 42
    var next: String?
  }

  static let intended = StepEvent.intended(attempt: 1, snapshot: nil, isRepair: false)
  static let cause = Cause(code: .stepFailed, message: "m", step: "load")

  static let rows: [Row] = [
    Row(events: [], next: "recover resume R"),
    Row(events: [started], next: "recover resume R"),
    Row(events: [started, .paused(cause: cause)], next: "recover resume R (or recover cancel R, which goes back)"),
    Row(
      events: TestRun.success, next: "recover undo R (swaps back, within the retention)"),
    Row(events: TestRun.success, liveOID: nil, next: nil),
    Row(events: [started, .failing(cause: cause, pivotDisproved: false), .finished], next: "recover show R"),
    Row(
      events: [
        started, TestRun.step("load", .guarded(skip: nil)), TestRun.step("load", intended), .stuck(cause: cause),
      ],
      next: "recover show R, then recover resume R or recover compensate R"),
    Row(
      events: [
        started, TestRun.step("accept", .guarded(skip: nil)), TestRun.step("accept", intended), .stuck(cause: cause),
      ],
      next: "recover show R, then recover resume R"),
  ]

  @Test("every state names the commands that can follow", arguments: rows)
  func next(_ row: Row) throws {
    let machine = try TestRun.machine(row.events, plan: TestRun.plan(liveOID: row.liveOID))
    let next = NextCommand(run: Self.run).text(machine)
    #expect(next == row.next?.split(separator: "R", omittingEmptySubsequences: false).joined(separator: Self.run.text))
  }

  @Test("an error in the middle of a run is not told as one before any effect")
  func status() throws {
    let open = try TestRun.machine([
      Self.started, TestRun.step("load", .guarded(skip: nil)), TestRun.step("load", Self.intended),
    ])
    #expect(RunView.status(of: .unreachable, machine: open) == .needsOperator)
    #expect(RunView.status(of: .terminated, machine: open) == .terminated)
    #expect(RunView.status(of: .leaseLost, machine: open) == .claimed)
    #expect(RunView.status(of: .unreachable, machine: try TestRun.machine([Self.started])) == .failedClean)
    #expect(RunView.status(of: .unreachable, machine: nil) == .failedClean)
  }

  @Test("a run that has ended says what can still be done about it")
  func ended() throws {
    let done = try TestRun.machine(TestRun.success)
    let next = NextCommand(run: Self.run)
    #expect(
      next.afterTheEnd(of: done)
        == "recover show \(Self.run) tells how; recover undo \(Self.run) swaps back")
    let failed = try TestRun.machine([Self.started, .failing(cause: Self.cause, pivotDisproved: false), .finished])
    #expect(next.afterTheEnd(of: failed) == "recover show \(Self.run) tells how")
  }

  static let failed = Cause(code: .checkFailed, message: "the rows differ", step: "accept")
  static let trouble = Cause(code: .stepFailed, message: "no such file", step: "load")

  /// A run that failed, and could not go back.
  static func stuck() throws -> RunMachine {
    try TestRun.machine([
      started, TestRun.step("load", .guarded(skip: nil)), TestRun.step("load", intended),
      TestRun.step("load", .succeeded(evidence: .null)), .failing(cause: failed, pivotDisproved: false),
      TestRun.step("load", .undoIntended(attempt: 1)), TestRun.step("load", .undoFailed(cause: trouble)),
      .stuck(cause: trouble),
    ])
  }

  @Test("why a run failed stays beside what came in the way of going back")
  func trouble() throws {
    let machine = try Self.stuck()
    let line = RunView.lastLine(run: Self.run, machine: machine, place: CommandPlace())
    #expect(line.hasPrefix("run \(Self.run): failed at accept, and needs an operator at load; next: "))
    let summary = try RunView.summary(run: Self.run, machine: machine, place: CommandPlace())
    let json = try JSONValue.decode(JSONValue.self, from: Array(summary.utf8))
    #expect(json["cause"]?["message"] == "the rows differ")
    #expect(json["trouble"]?["message"] == "no such file")
  }

  static let leftovers: [(JSONValue, String)] = [
    (.null, "failed at accept, and rolled back clean"),
    (
      ["failedCopy": "app_failed", "kept until": "2026"],
      "failed at accept, and rolled back clean; the restored copy is kept as app_failed until 2026"
    ),
    (["standing": ["flush"]], "failed at accept, and rolled back; what hook `flush` did stands"),
    (
      ["failedCopy": "app_failed", "writesWhileLive": ["tables": [["inserted": 2, "updated": 1, "deleted": 0]]]],
      "failed at accept, and rolled back; 3 writes to the restored copy stay in it;"
        + " the restored copy is kept as app_failed"
    ),
  ]

  @Test("a run that went back with something left is not called clean", arguments: leftovers)
  func remains(_ evidence: JSONValue, _ text: String) throws {
    let machine = try TestRun.machine([
      Self.started, TestRun.step("load", .guarded(skip: nil)), TestRun.step("load", Self.intended),
      TestRun.step("load", .succeeded(evidence: .null)), .failing(cause: Self.failed, pivotDisproved: false),
      TestRun.step("load", .undoIntended(attempt: 1)), TestRun.step("load", .undone(evidence: evidence)), .compensated,
      .finished,
    ])
    let line = RunView.lastLine(run: Self.run, machine: machine, place: CommandPlace())
    #expect(line == "run \(Self.run): \(text); next: recover show \(Self.run)")
  }

  @Test("a cancelled run did not fail")
  func cancelled() throws {
    let machine = try TestRun.machine([
      Self.started, .failing(cause: Cause(code: .cancelled, message: "cancelled by x"), pivotDisproved: false),
      .finished,
    ])
    let line = RunView.lastLine(run: Self.run, machine: machine, place: CommandPlace())
    #expect(line.hasPrefix("run \(Self.run): cancelled before any effect; nothing was changed"))
  }
}
