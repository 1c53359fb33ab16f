import RecoverBase
import RecoverCore
import RecoverEngine
import Testing

@testable import RecoverCLI
@testable import RecoverSteps

@Suite("Cleanup")
struct CleanupVerdictTests {
  static let now = WallTime(microseconds: 1_000_000)

  static func entry(until: WallTime? = nil) -> RetainedDatabases.Entry {
    RetainedDatabases.Entry(
      systemIdentifier: "1", name: "app_recover_r", oid: 1, run: "r", target: "app",
      role: until == nil ? "side" : "previous", retainUntil: until)
  }

  static func run(isTerminal: Bool) -> RunSummary {
    RunSummary(
      run: TestRun.id, target: TestRun.plan().target, procedure: "db", planHash: Digest(of: []), createdAt: now,
      updatedAt: now, state: "", isTerminal: isTerminal)
  }

  static func verdict(
    until: WallTime? = nil, _ run: RunSummary?, abandoned: Bool = false, confirmed: String? = nil
  ) -> CleanupVerdict {
    CleanupVerdict(on: entry(until: until), run: run, abandoned: abandoned, confirmed: confirmed, at: now)
  }

  @Test("what is within its retention or of an open run is never dropped")
  func kept() {
    let later = Self.now + .seconds(1)
    for abandoned in [false, true] {
      #expect(Self.verdict(until: later, nil, abandoned: abandoned, confirmed: "r") == .retained)
      #expect(Self.verdict(Self.run(isTerminal: false), abandoned: abandoned, confirmed: "r") == .open)
      #expect(Self.verdict(until: Self.now, Self.run(isTerminal: false), abandoned: abandoned) == .open)
    }
  }

  @Test("what is past its retention is dropped")
  func expired() {
    #expect(Self.verdict(until: Self.now, nil) == .expired)
    #expect(Self.verdict(until: Self.now, Self.run(isTerminal: true)).isDropped)
  }

  @Test("a copy that a run left behind is dropped where that is asked for")
  func abandoned() {
    let ended = Self.run(isTerminal: true)
    #expect(!Self.verdict(ended).isDropped)
    #expect(!Self.verdict(ended, confirmed: "r").isDropped)
    #expect(Self.verdict(ended, abandoned: true).isDropped)
  }

  @Test("a copy of a run that nobody knows here is dropped only where its name is confirmed")
  func unknown() {
    #expect(!Self.verdict(nil, abandoned: true).isDropped)
    #expect(!Self.verdict(nil, abandoned: true, confirmed: "other").isDropped)
    #expect(!Self.verdict(nil, confirmed: "r").isDropped)
    #expect(Self.verdict(nil, abandoned: true, confirmed: "r").isDropped)
  }
}
