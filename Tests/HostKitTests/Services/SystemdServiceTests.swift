internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

/// Units through a program that stands for systemctl: no systemd runs where these tests do, so that they prove the command
/// lines and the reading of the answers.
@Suite(.serialized)
struct SystemdServiceTests {
  private static let systemctl = """
    #!/bin/sh
    PATH=/usr/bin:/bin; cd 'HERE'; echo "$*" >> calls
    while :; do case $1 in --no-pager|--no-ask-password|--user) shift;; *) break;; esac; done
    case $1 in
    show) case $(cat state) in
      gone) echo LoadState=not-found; echo ActiveState=inactive; echo SubState=dead;;
      failed) echo LoadState=loaded; echo ActiveState=failed; echo SubState=failed; echo Result=start-limit-hit;;
      *) echo LoadState=loaded; echo "ActiveState=$(cat state)"; echo SubState=x; echo Result=success;;
      esac;;
    reset-failed) echo inactive > state;;
    start) test "$(cat state)" != failed || exit 1; echo active > state;;
    stop) test ! -e hangs || { echo deactivating > state; sleep 60; }; echo inactive > state;;
    kill) echo failed > state;;
    esac
    """

  private func service(_ scratch: Scratch, stop: Duration = .seconds(30)) throws -> SystemdService {
    try? scratch.makeDirectory("bin")
    let script = Self.systemctl.split(separator: "HERE").joined(separator: scratch.path)
    try scratch.write("bin/systemctl", script, mode: 0o755)
    try scratch.write("calls", "")
    return SystemdService(
      name: "app", unit: "app.service", environment: ["PATH": scratch.file("bin")],
      limits: ServiceLimits(stop: stop, every: .milliseconds(10)))
  }

  private static let unitStates: [(String, ServiceState.Phase)] = [
    ("active", ServiceState.Phase.running), ("reloading", .running), ("activating", .starting), ("inactive", .stopped),
    ("failed", .failed), ("deactivating", .running), ("odd", .unknown),
  ]

  @Test(
    "the states of a unit are those of a service",
    arguments: unitStates)
  func states(text: String, phase: ServiceState.Phase) async throws {
    try await Scratch.with { scratch in
      let service = try service(scratch)
      try scratch.write("state", text)
      #expect(try await service.status(in: scratch.context()).phase == phase)
    }
  }

  @Test("a unit that there is not is an error of the policy, and no systemd is unknown")
  func unknown() async throws {
    try await Scratch.with { scratch in
      let service = try service(scratch)
      try scratch.write("state", "gone")
      let error = await #expect(throws: RecoverError.self) { try await service.status(in: scratch.context()) }
      #expect(error?.code == .policyInvalid)
      let absent = SystemdService(name: "app", unit: "app", environment: ["PATH": "/nowhere"])
      #expect(try await absent.status(in: scratch.context()).phase == .unknown)
    }
  }

  @Test("a unit is stopped and started, also one that failed too often, and its name is never taken for an option")
  func orders() async throws {
    try await Scratch.with { scratch in
      let service = try service(scratch)
      try scratch.write("state", "active\n")
      #expect(try await service.stop(in: scratch.context()).phase == .running)
      try scratch.write("state", "failed")
      try await service.start(in: scratch.context())
      #expect(try scratch.read("state") == "active\n")
      let orders = try scratch.read("calls").split(separator: "\n").filter { !$0.contains(" show ") }
      #expect(
        orders == [
          "--no-pager --no-ask-password stop -- app.service",
          "--no-pager --no-ask-password reset-failed -- app.service",
          "--no-pager --no-ask-password start -- app.service",
        ])
    }
  }

  @Test("a stop that hangs is ended by SIGKILL to the unit")
  func hangs() async throws {
    try await Scratch.with { scratch in
      let service = try service(scratch, stop: .seconds(2))
      try scratch.write("state", "active\n")
      try scratch.write("hangs", "")
      try await service.stop(in: scratch.context(grace: .milliseconds(10)))
      #expect(try scratch.read("calls").contains("kill --signal=SIGKILL -- app.service"))
    }
  }
}

/// Programs that are started and left running.
@Suite(.serialized)
struct ProcessServiceTests {
  private func service(_ scratch: Scratch, _ line: String, watch: Duration = .zero) -> ProcessService {
    ProcessService(
      name: "app", command: .shell(line, directory: scratch.path), pidFile: scratch.file("pid"),
      logFile: scratch.file("log"), grace: .milliseconds(200), watch: watch,
      limits: ServiceLimits(every: .milliseconds(10), settle: .milliseconds(200)))
  }

  @Test("a program runs on after its start, is known again, and is ended with all that it started")
  func life() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("ready")
      // It does not obey SIGTERM, and neither does its child.
      let service = service(scratch, "trap '' TERM; sleep 1000 & echo hello; echo ready > ready; wait")
      let context = scratch.context { _ in Issue.record("a service was recorded as a child of the run") }
      #expect(try await service.status(in: context).phase == .stopped)
      try await service.start(in: context)
      _ = try await pipe.line()
      #expect(try scratch.read("log") == "hello\n")
      let identity = try JSONValue.decode(ProcessIdentity.self, from: Array(try scratch.read("pid").utf8))
      #expect(identity.isAlive)
      #expect(try await service.start(in: context).phase == .running)
      try await service.stop(in: context)
      #expect(!identity.isAlive)
      #expect(try ProcessTree.end(SurvivorSearch(sessions: [identity]), grace: .zero).isEmpty)
      #expect(try await service.status(in: context).phase == .stopped)
    }
  }

  @Test("a program that ended by itself has failed, and another process with its pid is not it")
  func ended() async throws {
    try await Scratch.with { scratch in
      let service = service(scratch, "exit 3", watch: .seconds(60))
      let error = await #expect(throws: RecoverError.self) {
        try await service.start(in: scratch.context())
      }
      #expect(error?.code == .stepFailed)
      #expect(try await service.status(in: scratch.context()).phase == .failed)
      var ours = try ProcessIdentity.current()
      ours.startTime -= 1
      try scratch.write("pid", String(decoding: try JSONValue.canonicalBytes(of: ours), as: UTF8.self))
      #expect(try await service.status(in: scratch.context()).phase == .failed)
      try await service.stop(in: scratch.context())
    }
  }
}
