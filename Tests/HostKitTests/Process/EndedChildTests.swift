internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("children that are ended")
struct EndedChildTests {
  @Test("a deadline ends the child and all of its session")
  func deadline() async throws {
    try await Scratch.with { scratch in
      let command = Command.shell("sleep 1000 & sleep 1000 & wait")
      let result = try await ChildProcess.run(
        command, kind: .run, in: scratch.context(), deadline: .after(.milliseconds(200)))
      #expect(result.ending == .timedOut)
      #expect(result.ended.contains { $0.identity == result.child.identity })
      #expect(try ProcessTree.survivors(of: SurvivorSearch(sessions: [result.child.identity])).isEmpty)
      let error = #expect(throws: RecoverError.self) { try result.requireSuccess("it", logFile: "log") }
      #expect(error?.code == .timedOut)
    }
  }

  @Test("cancelling ends a child that ignores SIGTERM, after the grace, with all that it started")
  func ignoresTerm() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      let script = """
        trap '' TERM
        sh -c 'trap "" TERM; while :; do sleep 1000; done' &
        echo $! > \(pipe.path)
        while :; do sleep 1000; done
        """
      let run = Task {
        try await ChildProcess.run(.shell(script), kind: .run, in: scratch.context(grace: .milliseconds(100)))
      }
      let inner = try identity(await pipe.line())
      run.cancel()
      let result = try await run.value
      #expect(result.ending == .interrupted)
      #expect(!inner.isAlive)
      #expect(result.ended.contains { $0.identity == inner })
      #expect(try ProcessTree.survivors(of: SurvivorSearch(sessions: [result.child.identity])).isEmpty)
    }
  }

  @Test("a child that cleans up on SIGTERM has its grace, and a stopped one is woken for it")
  func cleansUp() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      let script = "trap 'touch \(scratch.file("cleaned")); exit 0' TERM; echo $$ > \(pipe.path); kill -STOP $$; :"
      let run = Task { try await ChildProcess.run(.shell(script), kind: .run, in: scratch.context()) }
      _ = try await pipe.line()
      run.cancel()
      let result = try await run.value
      #expect(result.ending == .interrupted)
      #expect(scratch.exists("cleaned"))
    }
  }

  @Test("cancelling also ends a daemon that left the session, by its environment")
  func daemon() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      let script = "setsid sh -c 'echo $$ > \(pipe.path); exec sleep 1000' & wait; sleep 1000"
      let run = Task { try await ChildProcess.run(.shell(script), kind: .build, in: scratch.context()) }
      let daemon = try identity(await pipe.line())
      run.cancel()
      let result = try await run.value
      #expect(result.ending == .interrupted)
      #expect(result.ended.first { $0.identity == daemon }?.evidence == .environment)
      #expect(!daemon.isAlive)
    }
  }

  @Test("what a child of the run left in its session is ended when it exits")
  func leftovers() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      async let line = pipe.line()
      let script = "sh -c 'echo $$ > \(pipe.path); exec sleep 1000' & exit 5"
      let result = try await ChildProcess.run(.shell(script), kind: .run, in: scratch.context())
      #expect(result.ending == .exited(5))
      #expect(result.ended.count == 1)
      #expect(try ProcessTree.survivors(of: SurvivorSearch(sessions: [result.child.identity])).isEmpty)
      // It may have been ended before it wrote.
      try scratch.append("up", "done\n")
      _ = try await line
    }
  }

  @Test("what the start of a service left running goes on, also through a takeover of its run")
  func service() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      async let line = pipe.line()
      let script = "sh -c 'echo $$ > \(pipe.path); exec sleep 1000' &"
      let result = try await ChildProcess.run(.shell(script), kind: .service, in: scratch.context(run: "run-service"))
      #expect(result.ending == .exited(0))
      #expect(result.ended.isEmpty)
      let service = try identity(await line)
      #expect(service.isAlive)
      let takeover = SurvivorSearch(takeoverOf: "run-service", children: [result.child])
      #expect(takeover.sessions.isEmpty)
      #expect(try ProcessTree.end(takeover, grace: .zero).isEmpty)
      #expect(service.isAlive)
      #expect(try ProcessTree.endRunner(service))
    }
  }

  @Test("a service's start that hangs is ended itself, but not the daemon that left its session")
  func hungStart() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      let script = "setsid sh -c 'echo $$ > \(pipe.path); exec sleep 1000' & sleep 1000"
      let run = Task { try await ChildProcess.run(.shell(script), kind: .service, in: scratch.context()) }
      let daemon = try identity(await pipe.line())
      run.cancel()
      let result = try await run.value
      #expect(result.ending == .interrupted)
      #expect(!result.child.identity.isAlive)
      #expect(daemon.isAlive)
      #expect(try ProcessTree.endRunner(daemon))
    }
  }

  @Test("a takeover ends the start of a service that has not finished, and every other child")
  func takeover() async throws {
    try await Scratch.with { scratch in
      let children = try ChildKind.allCases.map { kind in
        try SpawnedChild.spawn(
          Command(["sleep", "1000"]), kind: kind, in: scratch.context(run: "run-takeover"), capturesOutput: false)
      }
      for child in children { try child.openGate() }
      let search = SurvivorSearch(takeoverOf: "run-takeover", children: children.map(\.started))
      let ended = try await BlockingThread.run("test") { _ in try ProcessTree.end(search, grace: .seconds(10)) }
      #expect(Set(ended.map(\.identity)) == Set(children.map(\.started.identity)))
      for child in children {
        kill(child.started.identity.pid, SIGKILL)
        #expect(child.reap() == .signalled(SIGTERM))
      }
    }
  }

  @Test("a pipe that an escaped process keeps open does not hold up the result")
  func openPipe() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      async let line = pipe.line()
      let script = "echo out; setsid sh -c 'echo $$ > \(pipe.path); exec sleep 1000' & exit 0"
      let result = try await ChildProcess.run(
        .shell(script), kind: .service, in: scratch.context(), outputBytes: 100)
      #expect(result.output == Array("out\n".utf8))
      #expect(try ProcessTree.endRunner(identity(await line)))
    }
  }
}

extension Scratch {
  func append(_ name: String, _ text: String) throws {
    let descriptor = unsafe open(file(name), O_RDWR | O_APPEND)
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw RecoverError.system(.bug, "can't write to \(file(name))")
    }
  }
}
