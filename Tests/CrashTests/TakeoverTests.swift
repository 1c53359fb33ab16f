internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

/// Two runners never act: one that is stopped, dead, or somebody else's is told from one that lives.
@Suite(.serialized)
struct TakeoverTests {
  /// A lab whose runs wait in a hook, after the swap, until ``letGo`` is called.
  private struct WaitingLab {
    let lab: RecoverLab
    let dump: String
    /// How long the hook's own child sleeps; unique, so that it can be found.
    let nap: Int

    init(_ server: ScratchPostgres, nap: Int) throws {
      self.nap = nap
      // The child has neither our environment nor any other.
      let hook = "test -e go && exit 0; env -i sleep \(nap)"
      (lab, dump) = try RecoverLab.withNotes(
        server, extraPolicy: "    after-restore: [{name: wait, timeout: 60s, shell: \"\(hook)\"}]")
    }

    /// Starts a recovery, and returns when its hook waits.
    func start(leaseSeconds: Int = 30) throws -> TestProcess {
      let process = try lab.start(
        ["db", "--from", dump, "--yes"], environment: ["RECOVER_LEASE_SECONDS": "\(leaseSeconds)"])
      var hasEnded = false
      while !hasEnded, try !isSleeping { hasEnded = process.wait(milliseconds: 20) }
      #expect(!hasEnded, "the hook did not wait: \(hasEnded ? process.result().errorText : "")")
      return process
    }

    func letGo() throws { try lab.write("", to: "go") }

    /// Whether the hook's child still sleeps.
    var isSleeping: Bool {
      get throws { try TestProcess.run(["pgrep", "-f", "^sleep \(nap)$"]).status == 0 }
    }

    /// Exactly one recovery has happened.
    func expectDone(_ place: SourceLocation = #_sourceLocation) throws {
      #expect(try lab.content(of: lab.database) == lab.contentByPsql(dump), sourceLocation: place)
      #expect(try lab.companions().count == 1, sourceLocation: place)
      #expect(lab.exists("app.running"), "the service does not run", sourceLocation: place)
      #expect(try !isSleeping, "a child of the dead runner still runs", sourceLocation: place)
    }
  }

  @Test("a runner that is stopped past its lease is ended with its children by the one that takes over")
  func stopped() throws {
    let waiting = try WaitingLab(try ScratchPostgres.shared(), nap: 86_461)
    let lab = waiting.lab
    let process = try waiting.start(leaseSeconds: 1)
    process.signal(SIGSTOP)
    #expect(try waiting.isSleeping)
    try waiting.letGo()
    var resumed = try lab.recover(["resume", "last"])
    let deadline = Deadline.after(.seconds(60))
    // Until the lease has run out, it is held.
    while resumed.status == 6, !deadline.hasPassed {
      #expect(resumed.errorText.contains("hint:"), "\(resumed.errorText)")
      resumed = try lab.recover(["resume", "last"])
    }
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(process.wait() == 128 + SIGKILL, "the stopped runner was not ended")
    try waiting.expectDone()
  }

  @Test("a child with an empty environment does not outlive the takeover of its dead runner")
  func emptyEnvironment() throws {
    let waiting = try WaitingLab(try ScratchPostgres.shared(), nap: 86_462)
    let process = try waiting.start()
    process.signal(SIGKILL)
    _ = process.wait()
    #expect(try waiting.isSleeping, "the child went with its runner: nothing is shown")
    try waiting.letGo()
    let resumed = try waiting.lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    try waiting.expectDone()
  }

  @Test("a second run on the same target is refused, from another state directory and by another user")
  func secondRun() throws {
    let waiting = try WaitingLab(try ScratchPostgres.shared(), nap: 86_463)
    let lab = waiting.lab
    let process = try waiting.start()
    let (oid, companions) = (try lab.oid(of: lab.database), try lab.companions())
    func expectClaimed(_ result: TestProcess.Result, _ what: String) throws {
      #expect(result.status == 6, "\(what): \(result.errorText)\(result.outputText)")
      #expect(result.errorText.contains("hint:"), "\(what): \(result.errorText)")
      #expect(try lab.oid(of: lab.database) == oid, "\(what)")
      #expect(try lab.companions() == companions, "\(what)")
    }
    let again = ["db", "--from", waiting.dump, "--yes"]
    try expectClaimed(try lab.recover(again), "the same state directory")
    try expectClaimed(try lab.recover(again, state: "state.2"), "another state directory")
    if getuid() == 0 {
      let binary = "\(lab.directory)/recover"
      try TestProcess.output(["cp", RecoverLab.binary, binary])
      // Everything but the state.
      try TestProcess.output(["chmod", "-R", "a+rX", "\(lab.directory)/policies", binary, waiting.dump])
      try TestProcess.output(["chmod", "a+rx", lab.directory])
      try TestProcess.output(["install", "-d", "-o", "postgres", "-m", "700", "\(lab.directory)/theirs"])
      let theirs = try lab.start(again, state: "theirs/state", binary: binary, user: .named("postgres")).result()
      try expectClaimed(theirs, "another user")
      let inOurs = try lab.start(again, binary: binary, user: .named("postgres")).result()
      #expect(inOurs.status == 4, "\(inOurs.errorText)\(inOurs.outputText)")
      #expect(inOurs.errorText.contains("hint:"), "\(inOurs.errorText)")
    }
    // The first one is none the worse for it.
    process.signal(SIGKILL)
    _ = process.wait()
    try expectClaimed(try lab.recover(again, state: "state.3"), "after the first one died")
    try waiting.letGo()
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    try waiting.expectDone()
  }

  @Test("a pid that somebody else has now is no living runner, and is left alone")
  func reusedPid() async throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let crashed = try lab.recover(["db", "--from", dump, "--yes"], environment: ["RECOVER_CRASH_AT": "load.commit"])
    #expect(crashed.status == 137)
    let bystander = try TestProcess(["sleep", "3600"])
    let found = try #require(try ProcessIdentity.read(bystander.pid))
    let store = try SQLiteStore(directory: "\(lab.directory)/state")
    let run = try #require(try await store.runs(of: nil).last?.run)
    func lease(startTime: UInt64) async throws {
      let host = try #require(try await store.leases().first?.owner?.host)
      let owner = RunnerIdentity(
        host: host, bootID: found.bootID, pid: found.pid, startTime: startTime, user: "somebody")
      _ = try await store.acquireLease(for: run, owner: owner, now: .now, duration: .seconds(3600)) { _ in false }
    }
    // The very process: it holds the lease.
    try await lease(startTime: found.startTime)
    let held = try lab.recover(["resume", "last"])
    #expect(held.status == 6, "\(held.errorText)\(held.outputText)")
    #expect(held.errorText.contains("hint:"), "\(held.errorText)")
    // One that had its pid before it.
    try await lease(startTime: found.startTime - 1)
    _ = try await store.forgetPredecessors(of: run, epoch: try #require(try await store.leases().first?.epoch))
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(!bystander.wait(milliseconds: 0), "somebody else's process was ended")
    #expect(try lab.content(of: lab.database) == lab.contentByPsql(dump))
    #expect(lab.exists("app.running"), "the service does not run")
  }
}
