internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

@Suite("deciding on health")
struct HealthWindowTests {
  /// `+` a pass, `-` a failure, `?` not asked.
  private static func window(_ results: String, passes: Int) -> HealthWindow {
    var window = HealthWindow(passes: passes)
    for letter in results {
      switch letter {
      case "+": window.record(.healthy)
      case "-": window.record(.unhealthy("refused"))
      default: window.record(.unknown("no such host"))
      }
    }
    return window
  }

  @Test(
    "so many passes in a row make it healthy, and nothing after them unmakes it",
    arguments: [("+", 1), ("-+", 1), ("+++", 3), ("++-+++", 3), ("??+++", 3), ("+++---", 3), ("+-+-+-++", 2)])
  func healthy(_ results: String, _ passes: Int) {
    let window = Self.window(results, passes: passes)
    #expect(window.isHealthy)
    #expect(window.verdict == .healthy)
  }

  @Test(
    "else the verdict says why not",
    arguments: [
      ("", 1, HealthResult.unknown("it was never asked")),
      ("-", 1, .unhealthy("refused")),
      ("?", 1, .unknown("no such host")),
      ("-?", 1, .unknown("no such host")),
      ("?-", 1, .unhealthy("refused")),
      ("++", 3, .unhealthy("only 2 of 3 passes in a row when the time was over")),
      ("-++", 3, .unhealthy("only 2 of 3 passes in a row when the time was over; before: refused")),
      ("+-", 2, .unhealthy("it flaps: passed and failed again 1 time; refused")),
      (
        "+-++--+", 3,
        .unhealthy(
          "only 1 of 3 passes in a row when the time was over; it flaps: passed and failed again 2 times; "
            + "before: refused")
      ),
    ])
  func unhealthy(_ results: String, _ passes: Int, _ verdict: HealthResult) {
    let window = Self.window(results, passes: passes)
    #expect(!window.isHealthy)
    #expect(window.verdict == verdict)
  }

  @Test("it is healthy exactly when the results hold enough passes in a row")
  func property() throws {
    try Property.check { generator in
      let passes = generator.int(1...4)
      let results = (0..<generator.int(0...20)).map { _ in generator.pick(["+", "+", "-", "?"]) }.joined()
      let window = Self.window(results, passes: passes)
      let expected = results.contains(String(repeating: "+", count: passes))
      try Property.require(window.isHealthy == expected, "\(results) with \(passes) passes")
      try Property.require(window.verdict.isHealthy == expected, "verdict of \(results) with \(passes) passes")
    }
  }
}
