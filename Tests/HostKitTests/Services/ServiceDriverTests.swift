internal import RecoverBase
internal import Synchronization
internal import Testing

@testable internal import HostKit

@Suite("starting and stopping")
struct ServiceDriverTests {
  @Test(
    "a service that runs is not started, one that is down is not stopped", arguments: ["running", "stopped", "failed"])
  func idempotent(_ phase: String) async throws {
    let state = ServiceState(try #require(.init(rawValue: phase)), "seen")
    let service = ScriptedService([state])
    let before = phase == "running" ? try await service.start() : try await service.stop()
    #expect(before == state)
    #expect(service.orders.isEmpty)
  }

  @Test("a start is waited for until the service is seen running")
  func start() async throws {
    let service = ScriptedService([.init(.stopped, ""), .init(.stopped, ""), .init(.starting, ""), .init(.running, "")])
    #expect(try await service.start().phase == .stopped)
    #expect(service.orders == ["start"])
    #expect(service.left == 0)
  }

  @Test("a service on its way up gets no second order")
  func starting() async throws {
    let service = ScriptedService([.init(.starting, ""), .init(.starting, ""), .init(.running, "")])
    #expect(try await service.start().phase == .starting)
    #expect(service.orders.isEmpty)
  }

  @Test("a service that does not stay up is an error with what was seen")
  func doesNotStay() async throws {
    let service = ScriptedService([.init(.stopped, ""), .init(.failed, "exited with 1")], settle: .zero)
    let error = await #expect(throws: RecoverError.self) { try await service.start() }
    #expect(error?.code == .stepFailed)
    #expect(error?.message == "service app was started and did not stay up: exited with 1")
  }

  @Test(
    "what is not known is not down: a stop goes on until it is seen", arguments: ["unknown", "running", "starting"])
  func stopIsProved(_ phase: String) async throws {
    let other = ServiceState(try #require(.init(rawValue: phase)), "seen")
    let service = ScriptedService([other, other, other, .init(.stopped, "")])
    #expect(try await service.stop() == other)
    #expect(service.orders == ["stop"])
    #expect(service.left == 0)
    let never = ScriptedService([other], stop: .zero)
    let error = await #expect(throws: RecoverError.self) { try await never.stop() }
    #expect(error?.code == .timedOut)
    #expect(error?.message == "service app is not stopped after 0s: it is \(phase) (seen)")
  }

  @Test("a start that is never seen is an error when its time is over")
  func late() async throws {
    let service = ScriptedService([.init(.starting, "health: starting")], start: .zero)
    let error = await #expect(throws: RecoverError.self) { try await service.start() }
    #expect(error?.code == .timedOut)
    #expect(error?.message == "service app is not running after 0s: it is starting (health: starting)")
  }

  @Test("a cancelled wait is an interruption")
  func cancelled() async throws {
    let service = ScriptedService([.init(.starting, "")])
    let error = await #expect(throws: RecoverError.self) {
      try await service.start(in: service.context, pause: { _ in throw CancellationError() })
    }
    #expect(error?.code == .interrupted)
  }

  @Test("which phases are down", arguments: ServiceState.Phase.allCases)
  func down(_ phase: ServiceState.Phase) {
    #expect(phase.isDown == (phase == .stopped || phase == .failed))
  }
}

/// A service whose states are scripted; the last one stays.
private final class ScriptedService: ServiceDriver {
  let name = "app"
  let limits: ServiceLimits
  private let states: Mutex<[ServiceState]>
  private let given = Mutex<[String]>([])

  init(
    _ states: [ServiceState], start: Duration = .seconds(60), stop: Duration = .seconds(60),
    settle: Duration = .seconds(60)
  ) {
    limits = ServiceLimits(start: start, stop: stop, settle: settle)
    self.states = Mutex(states)
  }

  var orders: [String] { given.withLock { $0 } }
  /// How many states were not asked for, beyond the last.
  var left: Int { states.withLock { $0.count - 1 } }
  var context: ChildContext { ChildContext(run: "r", epoch: 1, logFile: "/dev/null", onStart: { _ in }) }

  func start() async throws -> ServiceState { try await start(in: context, pause: { _ in }) }
  func stop() async throws -> ServiceState { try await stop(in: context, pause: { _ in }) }

  func status(in context: ChildContext, deadline: Deadline) async throws -> ServiceState {
    states.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
  }
  func orderStart(from state: ServiceState, in context: ChildContext, deadline: Deadline) async throws {
    given.withLock { $0.append("start") }
  }
  func orderStop(in context: ChildContext, deadline: Deadline) async throws { given.withLock { $0.append("stop") } }
}
