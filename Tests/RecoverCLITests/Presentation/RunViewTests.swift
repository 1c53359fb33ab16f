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
      RunView.heading(run: Self.run, plan: plan, hash: hash, place: " --state s")
        == "run \(Self.run): db on app, plan \(hash.short);"
        + " if this terminal goes away: recover resume \(Self.run) --state s")
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
    let next = NextCommand(run: Self.run, place: "").text(machine)
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
    let next = NextCommand(run: Self.run, place: " --state s")
    #expect(
      next.afterTheEnd(of: done)
        == "recover show \(Self.run) --state s tells how; recover undo \(Self.run) --state s swaps back")
    let failed = try TestRun.machine([Self.started, .failing(cause: Self.cause, pivotDisproved: false), .finished])
    #expect(next.afterTheEnd(of: failed) == "recover show \(Self.run) --state s tells how")
  }
}
