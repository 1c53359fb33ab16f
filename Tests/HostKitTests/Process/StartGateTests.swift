internal import FoundationEssentials
internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("the start gate")
struct StartGateTests {
  @Test("nothing has run when the child is recorded, and the child is there to be found")
  func order() async throws {
    try await Scratch.with { scratch in
      let context = scratch.context { started in
        #expect(started.identity.isAlive)
        #expect(started.kind == .run)
        #expect(!scratch.exists("ran"))
        let stat = try #require(ProcessStat.read(started.identity.pid))
        #expect(stat.session == started.identity.pid)
        #expect(stat.startTime == started.identity.startTime)
      }
      let result = try await ChildProcess.run(.shell("touch \(scratch.file("ran"))"), kind: .run, in: context)
      #expect(result.ending == .exited(0))
      #expect(scratch.exists("ran"))
    }
  }

  @Test("a runner that is killed before the record is durable has run nothing", arguments: [false, true])
  func killedBefore(clearsEnvironment: Bool) async throws {
    try await Scratch.with { scratch in
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = scratch.path as String, clearsEnvironment = clearsEnvironment as Bool] in
        let scratch = Scratch(path: path)
        let context = scratch.context { started in
          try scratch.record(started)
          kill(getpid(), SIGKILL)
        }
        let touch = ["touch", scratch.file("ran")]
        let command = Command(clearsEnvironment ? ["env", "-i"] + touch : touch)
        _ = try await ChildProcess.run(command, kind: .run, in: context)
      }
      let child = try scratch.recorded()
      #expect(try await waitUntilGone(child.identity))
      #expect(!scratch.exists("ran"))
    }
  }

  @Test("what a killed runner left running is found by its session and ended", arguments: ["", "env -i "])
  func killedAfter(prefix: String) async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      async let up = pipe.line()
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = scratch.path as String, prefix = prefix as String] in
        let scratch = Scratch(path: path)
        let context = scratch.context { try scratch.record($0) }
        // The child ends its runner by itself, so that nothing here depends on time.
        let line = "kill -9 $PPID; echo $$ > \(scratch.file("up")); exec \(prefix)sleep 1000"
        _ = try await ChildProcess.run(.shell(line), kind: .run, in: context)
      }
      let pid = try await up
      let child = try scratch.recorded()
      #expect(Int32(pid) == child.identity.pid)
      let search = SurvivorSearch(sessions: [child.identity])
      let found = try ProcessTree.survivors(of: search)
      #expect(found.map(\.identity) == [child.identity])
      #expect(found.first?.evidence == .session)
      let ended = try await BlockingThread.run("test") { _ in try ProcessTree.end(search, grace: .seconds(10)) }
      #expect(ended.map(\.identity) == [child.identity])
      #expect(!child.identity.isAlive)
      #expect(try ProcessTree.survivors(of: search).isEmpty)
    }
  }

  @Test("a child whose record fails never runs, and is gone when the error comes back")
  func recordFails() async throws {
    try await Scratch.with { scratch in
      let context = scratch.context { started in
        try scratch.record(started)
        throw RecoverError(.journal, "the journal is full")
      }
      let error = await #expect(throws: RecoverError.self) {
        _ = try await ChildProcess.run(.shell("touch \(scratch.file("ran"))"), kind: .run, in: context)
      }
      #expect(error?.code == .journal)
      let child = try scratch.recorded()
      #expect(ProcessStat.read(child.identity.pid) == nil)
      #expect(!scratch.exists("ran"))
    }
  }

  @Test("a child that waits at its gate holds nobody else's gate open")
  func ownGateOnly() async throws {
    try await Scratch.with { scratch in
      let command = Command.shell("touch \(scratch.file("ran"))")
      let children = try (0..<3).map { _ in
        try SpawnedChild.spawn(command, kind: .run, in: scratch.context(), capturesOutput: false)
      }
      // In this order each would wait for ever for a later one that had inherited its gate.
      for child in children {
        child.closeGate()
        #expect(try await waitUntilGone(child.started.identity))
        child.discard()
      }
      #expect(!scratch.exists("ran"))
    }
  }

  @Test("a task that is cancelled while the child is recorded runs nothing")
  func cancelledBetween() async throws {
    try await Scratch.with { scratch in
      let context = scratch.context { started in
        try scratch.record(started)
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      }
      let error = await #expect(throws: RecoverError.self) {
        try await withThrowingTaskGroup { group in
          group.addTask {
            _ = try await ChildProcess.run(.shell("touch \(scratch.file("ran"))"), kind: .run, in: context)
          }
          try await group.waitForAll()
        }
      }
      #expect(error?.code == .interrupted)
      let child = try scratch.recorded()
      #expect(ProcessStat.read(child.identity.pid) == nil)
      #expect(!scratch.exists("ran"))
    }
  }
}

extension Scratch {
  /// Writes what a journal would hold.
  func record(_ child: StartedChild) throws {
    let bytes = try JSONValue.canonicalBytes(of: child)
    try write("child.json", String(decoding: bytes, as: UTF8.self))
  }

  func recorded() throws -> StartedChild {
    try JSONValue.decode(StartedChild.self, from: Array(try read("child.json").utf8))
  }
}
