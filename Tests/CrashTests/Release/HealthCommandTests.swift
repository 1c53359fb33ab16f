internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover health` through the real binary.
@Suite(.serialized)
struct HealthCommandTests {
  @Test("all checks or those that are named are asked, and the exit status is their verdict")
  func verdicts() throws {
    let lab = try ReleaseLab(["1"])
    try lab.changePolicy(
      "health:\n  app:",
      to: """
        health:
          good: {command: {run: "true"}}
          bad: {command: {run: "echo password=canary is wrong; exit 1"}}
          either: {any: [good, bad]}
          both: {all: [good, bad]}
          enough: {weighted: {least: 2, of: [{check: good, weight: 2}, {check: bad}]}}
          room: {disk: {path: /, used-percent: 100, inodes-percent: 100}}
          flaky: {command: {run: "test -e \(lab.directory)/again || { touch \(lab.directory)/again; exit 1; }"}, every: 10ms}
          app:
        """)
    let good = try lab.recover(["health", "good", "either", "enough", "room"])
    #expect(good.status == 0, "\(good.errorText)\(good.outputText)")
    let all = try lab.recover(["health", "--json", "good", "bad", "both"])
    #expect(all.status == 5, "\(all.errorText)\(all.outputText)")
    let rows = try all.outputText.split(separator: "\n").map {
      try JSONValue.decode(JSONValue.self, from: Array($0.utf8))
    }
    #expect(rows.map { $0["state"]?.string } == ["healthy", "unhealthy", "unhealthy", "done"])
    #expect(rows[2]["reason"]?.string?.hasPrefix("bad: ") == true)
    #expect(!all.outputText.contains("canary"))
    #expect(try lab.recover(["health", "flaky"]).status == 5)
    try TestProcess.output(["rm", "\(lab.directory)/again"])
    #expect(try lab.recover(["health", "flaky", "--wait"]).status == 0)
    let none = try lab.recover(["health", "god"])
    #expect(none.status == 2)
    #expect(none.errorText.contains("did you mean `good`?"), "\(none.errorText)")
    try lab.changePolicy("either: {any: [good, bad]}", to: "either: {any: [good, both]}")
    let nested = try lab.recover(["health", "good"])
    #expect(nested.status == 2)
    #expect(nested.errorText.contains("`both`, which is a group as well"), "\(nested.errorText)")
  }
}
