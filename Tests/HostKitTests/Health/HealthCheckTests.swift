internal import RecoverBase
internal import Synchronization
internal import Testing

@testable internal import HostKit

@Suite("health checks")
struct HealthCheckTests {
  @Test("it stops at the last of the passes that it needs")
  func passes() async throws {
    let world = World("-+-++", costs: .zero)
    let report = try await world.run(HealthCheck(every: .seconds(1), within: .seconds(60), passes: 2))
    #expect(report == HealthCheck.Report(verdict: .healthy, checks: 5, drops: 1, elapsed: .seconds(4)))
  }

  @Test("it gives up when no look could begin before its time is over")
  func window() async throws {
    let world = World("", otherwise: "-", costs: .zero)
    let report = try await world.run(HealthCheck(every: .seconds(1), within: .seconds(5), passes: 1))
    #expect(report.verdict == .unhealthy("refused"))
    // At 0, 1, 2, 3 and 4 s.
    #expect(report.checks == 5)
    #expect(report.elapsed == .seconds(4))
  }

  @Test("a look that takes longer than the interval is followed at once, and the last one gets what is left")
  func slow() async throws {
    let world = World("", otherwise: "-", costs: .seconds(3))
    let check = HealthCheck(every: .seconds(1), within: .seconds(10), passes: 1, timeout: .seconds(4))
    let report = try await world.run(check)
    #expect(report.checks == 4)
    #expect(world.allowed == [.seconds(4), .seconds(4), .seconds(4), .seconds(1)])
  }

  @Test("there is one look also with no time at all")
  func noTime() async throws {
    let world = World("+", costs: .zero)
    let report = try await world.run(HealthCheck(within: .zero, passes: 1, timeout: .seconds(2)))
    #expect(report.verdict == .healthy)
    #expect(world.allowed == [.seconds(2)])
  }

  @Test("passes that come too late are not enough, and flapping is told")
  func flapping() async throws {
    let world = World("+-+-+", costs: .zero)
    let report = try await world.run(HealthCheck(every: .seconds(1), within: .seconds(5), passes: 2))
    #expect(report.drops == 2)
    #expect(report.verdict.reason?.contains("it flaps") == true)
  }

  @Test("a cancelled task ends the check at once")
  func cancelled() async throws {
    let world = World("", otherwise: "-", costs: .zero, cancelsAfter: 3)
    let error = await #expect(throws: RecoverError.self) {
      try await withThrowingTaskGroup { group in
        group.addTask { _ = try await world.run(HealthCheck(within: .seconds(60), passes: 1)) }
        try await group.waitForAll()
      }
    }
    #expect(error?.code == .interrupted)
    #expect(world.allowed.count == 3)
  }
}

/// A probe with scripted results and the clock that it moves.
private final class World: ProbeDriver {
  private struct State {
    var now = Moment(nanoseconds: 1_000_000_000_000)
    var results: [Character]
    var allowed: [Duration] = []
  }

  private let state: Mutex<State>
  private let otherwise: Character
  private let costs: Duration
  private let cancelsAfter: Int

  init(_ results: String, otherwise: Character = "+", costs: Duration, cancelsAfter: Int = .max) {
    state = Mutex(State(results: Array(results)))
    self.otherwise = otherwise
    self.costs = costs
    self.cancelsAfter = cancelsAfter
  }

  /// How much time each look was given.
  var allowed: [Duration] { state.withLock { $0.allowed } }

  func check(_ deadline: Deadline) async -> HealthResult {
    let (letter, count) = state.withLock { state in
      state.allowed.append(deadline.moment - state.now)
      state.now = state.now + costs
      return (state.results.isEmpty ? otherwise : state.results.removeFirst(), state.allowed.count)
    }
    if count == cancelsAfter { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
    return letter == "+" ? .healthy : .unhealthy("refused")
  }

  func run(_ check: HealthCheck) async throws -> HealthCheck.Report {
    try await check.run(
      self, now: { self.state.withLock { $0.now } },
      pause: { duration in
        try Task.checkCancellation()
        self.state.withLock { $0.now = $0.now + duration }
      })
  }
}
