import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("The report of a run")
struct RunReportTests {
  static let plan = Plan(
    procedure: "db", target: Target(kind: .database, identity: "1/app", name: "app"), environment: .staging,
    bindings: .null,
    steps: [("stop", "services.stop"), ("start", "services.start"), ("health", "health.check")].map {
      PlannedStep(id: $0.0, uses: $0.1, kind: .compensable, retry: .once)
    })

  /// An event a second, from 1970 on.
  private func report(_ events: [RunEvent]) throws -> RunReport {
    RunReport(Self.plan, try TestRun.records(events.map { (1, $0) }))
  }

  private func begins(_ id: String, running: [JSONValue] = []) -> RunEvent {
    TestRun.step(id, .intended(attempt: 1, snapshot: ["running": .array(running)], isRepair: false))
  }

  private func done(_ id: String) -> RunEvent { TestRun.step(id, .succeeded(evidence: .null)) }
  private func applies(_ id: String) -> RunEvent { TestRun.step(id, .guarded(skip: nil)) }
  private let cause = Cause(code: .checkFailed, message: "sick")

  @Test("downtime is from the order to stop until health is proved, whoever ran the run in between")
  func forward() throws {
    let report = try report([
      begins("stop", running: ["app"]), .resumed(by: "x", grant: false), done("stop"), begins("start"), done("start"),
      applies("health"), begins("health"), done("health"), .completed,
    ])
    #expect(report.downtime == .seconds(7))
    #expect(
      report.line
        == "services were down for 7.0s, from the order to stop (1970-01-01T00:00:00Z) until they were healthy"
        + " (1970-01-01T00:00:07Z); 3 steps done")
    #expect(report.members["downtime-ms"] == 7000)
  }

  @Test("without health checks it ends with the start")
  func unchecked() throws {
    let report = try report([
      begins("stop", running: ["app"]), done("stop"), begins("start"), done("start"),
      TestRun.step("health", .guarded(skip: "none")),
    ])
    #expect(report.downtime == .seconds(3))
    #expect(report.line?.contains("until they ran again (1970-01-01T00:00:03Z)") == true)
    #expect(report.members["steps-skipped"] == 1)
  }

  @Test("on the way back it ends when what ran before is healthy again, and what was undone is named")
  func back() throws {
    let events = [
      begins("stop", running: ["app"]), done("stop"), begins("start"), done("start"), applies("health"),
      TestRun.step("health", .failed(cause: cause)), TestRun.step("start", .undoIntended(attempt: 1)),
      TestRun.step("start", .undone(evidence: .null)), TestRun.step("stop", .undoIntended(attempt: 1)),
    ]
    let open = try report(events)
    #expect(open.downtime == nil)
    #expect(open.line?.hasPrefix("services are down, or not proved healthy again, since 1970-01-01T00:00:00Z") == true)
    let report = try report(events + [TestRun.step("stop", .undone(evidence: .null))])
    #expect(report.downtime == .seconds(9))
    #expect(report.line?.hasSuffix("; 2 steps done; undone: start, stop") == true)
  }

  @Test("a run that stopped nothing says nothing of downtime")
  func nothingRan() throws {
    #expect(try report([begins("stop"), done("stop"), begins("start"), done("start")]).line == nil)
  }
}
