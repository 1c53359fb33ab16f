internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

@Suite("Compose, by scripted programs")
struct ComposeServiceTests {
  private static let options = "-f /srv/docker-compose.yml -f /srv/override.yml -p demo"

  private static let list = "ps --all --quiet --no-trunc --filter label=com.docker.compose.project=demo"

  @Test("the state is asked for in the form that the version knows", arguments: FakeCompose.Kind.allCases)
  func status(_ kind: FakeCompose.Kind) async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([kind], in: scratch)
      let service = fake.service()
      for (state, phase) in [
        ("running 0", ServiceState.Phase.running), ("exited 0", .stopped), ("exited 1", .failed),
        ("paused 0", .unknown),
      ] {
        try fake.set(state)
        #expect(try await service.status(in: scratch.context()).phase == phase, "\(state)")
      }
      _ = try fake.calls()
      _ = try await service.status(in: scratch.context())
      let base = "\(kind.program) \(Self.options)"
      let inspect =
        "inspect --type container --format \(ComposeContainer.inspectTemplate) 0123456789abcdef fedcba9876543210 00112233445566"
      switch kind {
      case .plugin, .standalone: #expect(try fake.calls() == ["\(base) ps --all --format json"])
      // Compose itself is slow there, and is asked only once for what its engine knows by the project's name.
      case .python: #expect(try fake.calls() == ["docker \(Self.list)", "docker \(inspect)"])
      case .podman: #expect(try fake.calls() == ["podman \(Self.list)", "podman \(inspect)"])
      }
      let another = fake.service()
      _ = try await another.status(in: scratch.context())
      if kind == .python { #expect(try fake.calls() == ["\(base) ps -q", "docker \(inspect)"]) }
    }
  }

  @Test("it is stopped and started with the runbook's commands, each once", arguments: FakeCompose.Kind.allCases)
  func orders(_ kind: FakeCompose.Kind) async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([kind], in: scratch)
      let service = fake.service()
      let context = scratch.context()
      try fake.set("running 0")
      #expect(try await service.start(in: context).phase == .running)
      #expect(try await service.stop(in: context).phase == .running)
      #expect(try await service.stop(in: context).phase == .stopped)
      #expect(try await service.start(in: context).phase == .stopped)
      let orders = try orders(fake)
      let base = "\(kind.program) \(Self.options)"
      #expect(orders == ["\(base) stop reflexion-app", "\(base) start reflexion-app"])
      #expect(try await service.status(in: context).phase == .running)
    }
  }

  /// What was ordered since the last time.
  private func orders(_ fake: FakeCompose) throws -> [String] {
    try fake.calls().filter { !$0.contains(" ps ") && !$0.contains(" inspect ") }
  }

  @Test("containers are removed, made anew and scaled where the policy says so", arguments: FakeCompose.Kind.allCases)
  func anew(_ kind: FakeCompose.Kind) async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([kind], in: scratch)
      let context = scratch.context()
      let base = "\(kind.program) \(Self.options)"
      try fake.set("running 0")
      let service = fake.service(orders: ComposeOrders(start: .recreate, stop: .down))
      try await service.stop(in: context)
      #expect(try await service.status(in: context) == ServiceState(.stopped, "no container"))
      try await service.start(in: context)
      let removal = kind == .podman ? "podman rm --force 00112233445566" : "\(base) rm --force reflexion-app"
      #expect(
        try orders(fake).filter { !$0.hasSuffix("config --services") } == [
          "\(base) stop reflexion-app", removal, "\(base) up -d --no-deps --force-recreate reflexion-app",
        ])
    }
  }

  private static let starts: [(ComposeOrders, Bool, String)] = [
    (ComposeOrders(), false, "start web"), (ComposeOrders(), true, "up -d --no-recreate web"),
    (ComposeOrders(start: .up), false, "up -d --no-deps web"),
    (ComposeOrders(scale: 3), false, "up -d --no-deps --no-recreate --scale web=3 web"),
    (ComposeOrders(start: .recreate, scale: 2), true, "up -d --no-deps --force-recreate --scale web=2 web"),
  ]

  @Test("an order to start leaves other services as they are", arguments: starts)
  func startWords(orders: ComposeOrders, isAbsent: Bool, words: String) {
    #expect(orders.startWords("web", isAbsent: isAbsent).joined(separator: " ") == words)
  }

  @Test("what a service logged last is copied into the log of the step", arguments: FakeCompose.Kind.allCases)
  func logs(_ kind: FakeCompose.Kind) async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([kind], in: scratch)
      try fake.set("running 0")
      let context = scratch.context()
      await fake.service().copyLog(lines: 20, in: context, deadline: .after(.seconds(60)))
      let plain = kind == .podman ? "" : " --no-color"
      #expect(try fake.calls() == ["\(kind.program) \(Self.options) logs\(plain) --tail 20 reflexion-app"])
      #expect(
        try String(decoding: TestProcess.output(["cat", context.logFile]), as: UTF8.self).contains("it says why"))
    }
  }

  @Test("what a stop does not end in time is killed, so that no stop is left pending in the engine")
  func deaf() async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([.plugin], in: scratch)
      try fake.set("deaf 0")
      // What is left of the time has to do for the kill, also on a busy machine.
      try await fake.service(stop: .seconds(12)).stop(in: scratch.context())
      let orders = try fake.calls().filter { !$0.contains(" ps ") }
      let base = "docker compose \(Self.options)"
      #expect(orders == ["\(base) stop reflexion-app", "\(base) kill reflexion-app"])
    }
  }

  @Test("a service without a container is stopped, and is brought up", arguments: FakeCompose.Kind.allCases)
  func absent(_ kind: FakeCompose.Kind) async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([kind], in: scratch)
      let service = fake.service()
      try fake.set("absent")
      #expect(try await service.status(in: scratch.context()) == ServiceState(.stopped, "no container"))
      _ = try fake.calls()
      try await service.start(in: scratch.context())
      #expect(try fake.calls().contains("\(kind.program) \(Self.options) up -d --no-recreate reflexion-app"))
    }
  }

  @Test("a misspelt service is an error, and not one that is stopped", arguments: FakeCompose.Kind.allCases)
  func misspelt(_ kind: FakeCompose.Kind) async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([kind], in: scratch)
      try fake.set("running 0")
      let error = await #expect(throws: RecoverError.self) {
        try await fake.service("relfexion-app").stop(in: scratch.context())
      }
      #expect(error?.code == .policyInvalid)
      #expect(error?.hint == "did you mean `reflexion-app`?")
    }
  }

  @Test("docker compose goes before docker-compose, and that before podman-compose; what does not work is passed over")
  func order() async throws {
    try await Scratch.with { scratch in
      let kinds: [FakeCompose.Kind] = [.podman, .python, .plugin]
      for count in 1...kinds.count {
        let fake = try FakeCompose(Array(kinds.prefix(count)), in: scratch)
        try fake.set("running 0")
        let tool = try await ComposeTool.find(
          environment: fake.environment, in: scratch.context(), deadline: .after(.seconds(30)))
        #expect(tool.command.joined(separator: " ") == kinds[count - 1].program)
      }
    }
  }

  @Test("a person is told the Compose that is installed here")
  func typed() async throws {
    try await Scratch.with { scratch in
      func typed() -> String {
        ComposeTool.typed(
          environment: ["PATH": scratch.file("bin"), "HOME": scratch.path], plugins: [scratch.file("plugins")])
      }
      #expect(typed() == "docker compose")
      try scratch.makeDirectory("bin")
      try scratch.write("bin/podman-compose", "#!/bin/sh\n", mode: 0o755)
      #expect(typed() == "podman-compose")
      try scratch.write("bin/docker-compose", "#!/bin/sh\n", mode: 0o755)
      #expect(typed() == "docker-compose")
      try scratch.makeDirectory("plugins")
      try scratch.write("plugins/docker-compose", "#!/bin/sh\n", mode: 0o755)
      #expect(typed() == "docker compose")
    }
  }

  @Test("without any Compose it says what was tried")
  func none() async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([], in: scratch)
      // docker without the plugin, as Debian has it.
      try scratch.write("bin/docker", "#!/bin/sh\necho \"unknown command: docker compose\" >&2; exit 1\n", mode: 0o755)
      let error = await #expect(throws: RecoverError.self) {
        _ = try await fake.service().status(in: scratch.context())
      }
      #expect(error?.code == .missingRequirement)
      #expect(
        error?.message
          == "no Compose works here (docker compose: exited with 1: unknown command: docker compose; "
          + "docker-compose: not installed; podman-compose: not installed)")
    }
  }

  @Test("an answer that can't be read, or a Compose that fails, is unknown")
  func unreadable() async throws {
    try await Scratch.with { scratch in
      let fake = try FakeCompose([.plugin], in: scratch)
      for (body, reason) in [
        ("echo 'NAME IMAGE'", "can't read what `ps --format json` of Compose printed"),
        (
          "echo 'Cannot connect to the Docker daemon' >&2; exit 1",
          "docker exited with 1: Cannot connect to the Docker daemon"
        ),
      ] {
        try scratch.write("bin/docker", "#!/bin/sh\ncase \"$*\" in *version*) exit 0;; esac\n\(body)\n", mode: 0o755)
        let state = try await fake.service().status(in: scratch.context())
        #expect(state == ServiceState(.unknown, reason))
      }
    }
  }
}
