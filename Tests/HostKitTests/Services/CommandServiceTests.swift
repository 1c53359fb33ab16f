internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("services behind commands")
struct CommandServiceTests {
  @Test(
    "the status command's exit status is read as the LSB has it",
    arguments: [
      ("exit 0", ServiceState.Phase.running), ("exit 1", .failed), ("exit 2", .failed), ("exit 3", .stopped),
      ("exit 4", .unknown), ("exit 127", .unknown), ("exit 255", .unknown), ("kill -9 $$", .unknown),
      ("sleep 1000", .unknown),
    ])
  func status(_ line: String, _ phase: ServiceState.Phase) async throws {
    try await Scratch.with { scratch in
      let service = Self.service(status: .shell(line))
      let limit: Duration = line.hasPrefix("sleep") ? .milliseconds(100) : .seconds(30)
      let state = try await service.status(in: scratch.context(), deadline: .after(limit))
      #expect(state.phase == phase)
    }
  }

  @Test("a status command that is not there is unknown, and says so")
  func noStatus() async throws {
    try await Scratch.with { scratch in
      let state = try await Self.service(status: Command(["/nowhere/status"])).status(in: scratch.context())
      #expect(state == ServiceState(.unknown, "can't run /nowhere/status: no such file or directory"))
    }
  }

  @Test("a real daemon is started, asked and stopped, and each only once")
  func daemon() async throws {
    try await Scratch.with { scratch in
      let service = Self.daemon(scratch)
      let context = scratch.context()
      #expect(try await service.status(in: context).phase == .stopped)
      #expect(try await service.start(in: context).phase == .stopped)
      let first = try identity(scratch.read("pid").trimmed)
      #expect(try await service.status(in: context).phase == .running)
      #expect(try await service.start(in: context).phase == .running)
      #expect(try identity(scratch.read("pid").trimmed) == first)
      #expect(try await service.stop(in: context).phase == .running)
      #expect(!first.isAlive)
      #expect(try await service.stop(in: context).phase == .stopped)
    }
  }

  @Test("a daemon that was killed is failed, and starts again")
  func killed() async throws {
    try await Scratch.with { scratch in
      let service = Self.daemon(scratch)
      let context = scratch.context()
      try await service.start(in: context)
      try ProcessTree.endRunner(identity(scratch.read("pid").trimmed))
      #expect(try await service.status(in: context).phase == .failed)
      #expect(try await service.start(in: context).phase == .failed)
      #expect(try await service.status(in: context).phase == .running)
      try await service.stop(in: context)
    }
  }

  @Test("a start that fails is an error with its last line")
  func failingStart() async throws {
    try await Scratch.with { scratch in
      let service = Self.service(
        start: .shell("echo port 8000 is in use; exit 1"), status: .shell("exit 3"))
      let error = await #expect(throws: RecoverError.self) { try await service.start(in: scratch.context()) }
      #expect(error?.code == .stepFailed)
      #expect(error?.message == "the start of service app: /bin/sh exited with 1: port 8000 is in use")
    }
  }

  @Test("only what can leave a service behind is recorded as a service")
  func kinds() async throws {
    try await Scratch.with { scratch in
      let context = scratch.context { started in try scratch.append("kinds", "\(started.kind.rawValue)\n") }
      try scratch.write("kinds", "")
      let service = Self.daemon(scratch)
      try await service.start(in: context, pause: { _ in await Task.yield() })
      try await service.stop(in: context, pause: { _ in await Task.yield() })
      let kinds = try scratch.read("kinds").split(separator: "\n").filter { $0 != "probe" }
      #expect(kinds == ["service", "run"])
    }
  }

  private static func service(
    start: Command = .shell("exit 0"), stop: Command = .shell("exit 0"), status: Command
  ) -> CommandService {
    CommandService(name: "app", start: start, stop: stop, status: status)
  }

  /// A daemon with a pid file, as an init script has it.
  private static func daemon(_ scratch: Scratch) -> CommandService {
    CommandService(
      name: "app", start: .shell("sleep 1000 & echo $! > pid", directory: scratch.path),
      stop: .shell("kill $(cat pid); rm pid", directory: scratch.path),
      // A killed daemon may stay a zombie where pid 1 reaps none.
      status: .shell(
        "test -e pid || exit 3; grep -q '^State:.[^Z]' /proc/$(cat pid)/status || exit 1", directory: scratch.path),
      limits: ServiceLimits(every: .milliseconds(10)))
  }
}

extension String {
  fileprivate var trimmed: String { String(prefix { !$0.isNewline }) }
}
