import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("How long a recovery takes")
struct TimeEstimateTests {
  static func plan(_ uses: [String]) -> Plan {
    Plan(
      procedure: "db", target: Target(kind: .database, identity: "1/app", name: "app"), environment: .staging,
      bindings: .null,
      steps: uses.map { PlannedStep(id: $0, uses: $0, kind: .compensable, retry: .once) })
  }

  static let full = plan([
    "services.stop", "database.fence", "database.load", "database.analyze", "database.verify", "database.swap",
    "services.start",
  ])
  static let own = "database:1/app"
  static let steps: [String: Duration] = [
    "services.stop": .seconds(1), "database.fence": .seconds(2), "database.load": .seconds(80),
    "database.analyze": .seconds(15), "database.verify": .seconds(5), "database.swap": .seconds(3),
    "services.start": .seconds(4),
  ]

  @Test("is what runs of before took, the load by its size")
  func known() {
    let past = [PastRun(target: Self.own, took: Self.steps, loadedBytes: 1_000_000)]
    let estimate = TimeEstimate(Self.full, bytes: 2_000_000, past: past)
    #expect(estimate.load == .seconds(200))
    #expect(estimate.loadCount == 1)
    #expect(estimate.bytesPerSecond == 12_500)
    #expect(estimate.swap == .seconds(10))
    #expect(estimate.swapCount == 1)
  }

  @Test("is unknown without a history")
  func unknown() {
    let estimate = TimeEstimate(Self.full, bytes: 2_000_000, past: [])
    #expect(estimate.load == nil)
    #expect(estimate.swap == nil)
  }

  @Test(
    "is not taken from a load that was far smaller, nor from one that was resumed",
    arguments: [99_999, nil] as [Int64?])
  func incomparable(_ loaded: Int64?) {
    let past = [PastRun(target: Self.own, took: Self.steps, loadedBytes: loaded)]
    #expect(TimeEstimate(Self.full, bytes: 1_000_000, past: past).load == nil)
  }

  @Test("of services is not taken from another database, the one of its swap is")
  func others() {
    let past = [PastRun(target: "database:1/other", took: Self.steps, loadedBytes: 1_000_000)]
    let estimate = TimeEstimate(Self.full, bytes: 1_000_000, past: past)
    #expect(estimate.load == .seconds(100))
    #expect(estimate.swap == nil)
    let alone = TimeEstimate(Self.full, bytes: 1_000_000, past: past, skipping: ["services.stop", "services.start"])
    #expect(alone.swap == .seconds(5))
  }

  @Test("is the middle one of several")
  func median() {
    let past = [1, 100, 2].map { seconds in
      PastRun(target: Self.own, took: ["database.swap": .seconds(seconds)], loadedBytes: nil)
    }
    #expect(TimeEstimate(Self.plan(["database.swap"]), bytes: nil, past: past).swap == .seconds(2))
  }

  @Test("takes only what was done at its first attempt")
  func pastRun() throws {
    let intended = StepEvent.intended(attempt: 1, snapshot: nil, isRepair: false)
    let events = try TestRun.records([
      (1, TestRun.step("load", intended)), (1, TestRun.step("load", .succeeded(evidence: ["bytes": 7]))),
      (1, TestRun.step("swap", intended)),
      (1, TestRun.step("swap", .attemptFailed(cause: Cause(code: .busy, message: "m"), retryAt: .now))),
      (1, TestRun.step("swap", .intended(attempt: 2, snapshot: nil, isRepair: false))),
      (1, TestRun.step("swap", .succeeded(evidence: .null))),
    ])
    let past = PastRun(events, machine: RunMachine(plan: TestRun.plan()))
    #expect(past.took == ["test.load": .seconds(1)])
    #expect(past.target == "database:1/app")
  }
}
