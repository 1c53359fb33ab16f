internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover services` through the real binary.
@Suite(.serialized)
struct ServicesCommandTests {
  @Test("services that run, are stopped, failed or unknown are told apart, with what they logged")
  func states() throws {
    let lab = try ReleaseLab(["1"])
    try lab.write("one\ntwo password=canary\nthree\n", to: "web.log")
    try lab.changePolicy(
      "services:\n  app:",
      to: """
        services:
          dead: {command: {start: "true", stop: "true", status: exit 1}}
          odd: {command: {start: "true", stop: "true", status: exit 9}}
          web: {process: {run: sleep 1000, pid-file: \(lab.directory)/web.pid, log-file: \(lab.directory)/web.log}}
          app:
        """)
    let app = try lab.recover(["services", "app"])
    #expect(app.status == 0, "\(app.errorText)\(app.outputText)")
    let all = try lab.recover(["services", "--json", "--logs", "2"])
    #expect(all.status == 5, "\(all.errorText)")
    let rows = try all.outputText.split(separator: "\n").map {
      try JSONValue.decode(JSONValue.self, from: Array($0.utf8))
    }
    #expect(rows.map { $0["state"]?.string } == ["running", "failed", "unknown", "stopped", "done"])
    #expect(rows[3]["log"]?.array == ["two password=***", "three"])
    let text = try lab.recover(["services", "web", "--logs", "1"]).outputText
    #expect(text.contains("web:\n  | three"), "\(text)")
    #expect(try lab.recover(["services", "wep"]).errorText.contains("did you mean `web`?"))
  }
}
