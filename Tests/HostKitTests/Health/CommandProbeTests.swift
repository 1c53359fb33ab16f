internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("command probes")
struct CommandProbeTests {
  @Test(
    "the exit status decides, and the reason is the last line",
    arguments: [
      ("exit 0", HealthResult.healthy),
      ("echo no; echo connection refused >&2; exit 1", .unhealthy("/bin/sh exited with 1: connection refused")),
      ("exit 126", .unknown("/bin/sh exited with 126")),
      ("kill -TERM $$", .unhealthy("/bin/sh was ended by signal 15")),
    ])
  func status(_ line: String, _ result: HealthResult) async throws {
    try await Scratch.with { scratch in
      let probe = CommandProbe(.shell(line), in: scratch.context())
      #expect(await probe.check(.after(.seconds(30))) == result)
    }
  }

  @Test("a command that is not there says nothing")
  func missing() async throws {
    try await Scratch.with { scratch in
      for command in [Command(["recover-no-such-program"]), .shell("recover-no-such-program")] {
        let result = await CommandProbe(command, in: scratch.context()).check(.after(.seconds(30)))
        guard case .unknown = result else {
          Issue.record("\(result)")
          return
        }
      }
    }
  }

  @Test("a command that takes too long is unhealthy and ended, a cancelled one is unknown")
  func slow() async throws {
    try await Scratch.with { scratch in
      let probe = CommandProbe(Command(["sleep", "1000"]), in: scratch.context())
      #expect(await probe.check(.after(.milliseconds(100))) == .unhealthy("sleep was ended: it took too long"))
      let waiting = Task { await probe.check(.after(.seconds(3600))) }
      waiting.cancel()
      guard case .unknown = await waiting.value else {
        Issue.record("not unknown")
        return
      }
    }
  }
}
