internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("process trees")
struct ProcessTreeTests {
  @Test("a session whose number another process has now has nothing left")
  func reusedSession() async throws {
    try await Scratch.with { scratch in
      try await withSleeper(scratch) { sleeper in
        var recorded = sleeper
        recorded.startTime -= 1
        let search = SurvivorSearch(sessions: [recorded])
        let found = try ProcessTree.survivors(of: search)
        #expect(found.isEmpty)
        let ended = try ProcessTree.end(search, grace: .zero)
        #expect(ended.isEmpty)
        #expect(sleeper.isAlive)
      }
    }
  }

  @Test("a session of another boot has nothing left")
  func otherBoot() async throws {
    try await Scratch.with { scratch in
      try await withSleeper(scratch) { sleeper in
        var recorded = sleeper
        recorded.bootID = "another"
        let found = try ProcessTree.survivors(of: SurvivorSearch(sessions: [recorded]))
        #expect(found.isEmpty)
      }
    }
  }

  @Test("a process in a session without its leader is ours by its mark or an empty environment, else doubtful")
  func leaderGone() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("up")
      for (prefix, evidence) in [
        ("", Survivor.Evidence.environment), ("env -i ", .session), ("env -i LANG=C ", .doubtful),
      ] {
        // The command's own child outlives the leader; the kind keeps it from being ended with it.
        let script = "\(prefix)sh -c 'echo $$ > \(pipe.path); exec \(prefix)sleep 1000' &"
        async let line = pipe.line()
        let result = try await ChildProcess.run(
          .shell(script), kind: .service, in: scratch.context(run: "run-gone"))
        let left = try identity(await line)
        var search = SurvivorSearch(sessions: [result.child.identity])
        // A service is no part of the run, so its own mark is looked for here.
        try await waitForProgram("sleep", left)
        search.child = try mark(of: left)
        let found = try ProcessTree.survivors(of: search)
        #expect(found == [Survivor(identity: left, name: "sleep", evidence: evidence)])
        if evidence == .doubtful {
          let error = #expect(throws: RecoverError.self) { try ProcessTree.end(search, grace: .zero) }
          #expect(error?.code == .needsOperator)
          #expect(error?.message.hasPrefix("sleep (pid \(left.pid)) has the session number") == true)
          #expect(left.isAlive)
          try ProcessTree.endRunner(left)
        } else {
          #expect(try ProcessTree.end(search, grace: .zero) == found)
          #expect(!left.isAlive)
        }
      }
    }
  }

  @Test("children of a run are found by its id alone, those of another run are not")
  func byRun() async throws {
    try await Scratch.with { scratch in
      try await withSleeper(scratch, run: "run-found") { sleeper in
        #expect(try ProcessTree.survivors(of: SurvivorSearch(sessions: [], run: "run-foun")).isEmpty)
        let found = try ProcessTree.survivors(of: SurvivorSearch(sessions: [], run: "run-found"))
        #expect(found.map(\.identity) == [sleeper])
        #expect(found.map(\.evidence) == [.environment])
      }
    }
  }

  @Test("neither this process nor its ancestors are ever listed")
  func spared() throws {
    let own = try ProcessIdentity.current()
    let stat = try #require(ProcessStat.read(own.pid))
    let leader = ProcessIdentity(
      pid: stat.session, startTime: ProcessStat.read(stat.session)?.startTime ?? 0, bootID: own.bootID)
    let found = try ProcessTree.survivors(of: SurvivorSearch(sessions: [leader]))
    #expect(!found.contains { $0.identity.pid == own.pid || $0.identity.pid == stat.parent })
  }

  @Test("a stopped runner is ended, one that is gone or whose pid was reused is left")
  func endRunner() async throws {
    try await Scratch.with { scratch in
      try await withSleeper(scratch) { sleeper in
        var other = sleeper
        other.startTime += 1
        let endedOther = try ProcessTree.endRunner(other)
        #expect(!endedOther)
        #expect(sleeper.isAlive)
        kill(sleeper.pid, SIGSTOP)
        let ended = try ProcessTree.endRunner(sleeper)
        #expect(ended)
        #expect(!sleeper.isAlive)
        let endedAgain = try ProcessTree.endRunner(sleeper)
        #expect(!endedAgain)
      }
    }
  }

  @Test("a runner never ends itself")
  func itself() throws {
    let own = try ProcessIdentity.current()
    let error = #expect(throws: RecoverError.self) { try ProcessTree.endRunner(own) }
    #expect(error?.code == .bug)
  }

  /// Runs `body` beside a child that sleeps, and ends it.
  private func withSleeper(
    _ scratch: Scratch, run: String = "run-1", _ body: (ProcessIdentity) async throws -> Void
  ) async throws {
    let child = try SpawnedChild.spawn(
      Command(["sleep", "1000"]), kind: .run, in: scratch.context(run: run), capturesOutput: false)
    try child.openGate()
    defer {
      kill(child.started.identity.pid, SIGKILL)
      child.reap()
    }
    try await body(child.started.identity)
  }

  private func mark(of process: ProcessIdentity) throws -> String? {
    guard case .content(let bytes) = ProcFile.read("/proc/\(process.pid)/environ") else { return nil }
    return ChildEnvironment.marks(in: bytes).child
  }

  /// Waits until a shell has been replaced by the program that it executes, and that one sleeps: in the middle of
  /// execve(2) a process has the new name already, and no environment yet.
  private func waitForProgram(_ name: String, _ process: ProcessIdentity) async throws {
    let end = Deadline.after(.seconds(30))
    while true {
      if let stat = ProcessStat.read(process.pid), stat.name == name, stat.state == UInt8(ascii: "S") { return }
      guard !end.hasPassed else { throw RecoverError(.timedOut, "\(process) did not become \(name)") }
      await Task.yield()
    }
  }
}
