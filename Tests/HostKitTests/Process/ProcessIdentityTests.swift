internal import FoundationEssentials
internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("process identity")
struct ProcessIdentityTests {
  @Test("this process is alive, and its identity survives JSON")
  func current() throws {
    let identity = try ProcessIdentity.current()
    #expect(identity.pid == getpid())
    #expect(identity.isAlive)
    let bytes = try JSONValue.canonicalBytes(of: identity)
    #expect(try JSONValue.decode(ProcessIdentity.self, from: bytes) == identity)
  }

  @Test("a process that reused the pid is another one")
  func reused() throws {
    var identity = try ProcessIdentity.current()
    identity.startTime += 1
    #expect(!identity.isAlive)
  }

  @Test("nothing of another boot is alive")
  func otherBoot() throws {
    var identity = try ProcessIdentity.current()
    identity.bootID = "00000000-0000-0000-0000-000000000000"
    #expect(!identity.isAlive)
  }

  @Test("a zombie is not alive")
  func zombie() async throws {
    try await Scratch.with { scratch in
      let child = try SpawnedChild.spawn(
        Command(["true"]), kind: .run, in: scratch.context(), capturesOutput: false)
      let identity = child.started.identity
      #expect(identity.isAlive)
      try child.openGate()
      #expect(try await waitUntilGone(identity))
      // Not reaped yet: the pid is still taken.
      #expect(ProcessStat.read(identity.pid)?.startTime == identity.startTime)
      #expect(!identity.isAlive)
      #expect(try ProcessIdentity.read(identity.pid) == nil)
      #expect(child.reap() == .exited(0))
    }
  }

  @Test("a pid that nobody has is no process")
  func absent() throws {
    // Beyond the largest pid that Linux gives (PID_MAX_LIMIT in proc(5)).
    #expect(try ProcessIdentity.read(4_194_305) == nil)
  }
}
