import RecoverBase
import RecoverTestSupport
import Testing

@Suite("Duration as text")
struct DurationTextTests {
  @Test(
    "a duration is read",
    arguments: [
      ("7d", Duration.seconds(604_800)), ("1h30m", .seconds(5400)), ("500ms", .milliseconds(500)), ("0s", .zero),
      ("1w2d3h4m5s6ms7us8ns", .seconds(788_645) + .nanoseconds(6_007_008)), ("90s", .seconds(90)),
      ("106751d", .seconds(106_751 * 86_400)),
    ])
  func read(_ text: String, _ duration: Duration) {
    #expect(Duration(text: text) == duration)
  }

  @Test(
    "what is no duration is refused",
    arguments: [
      "", "5", "s", "1 h", "1h 30m", "-1s", "1.5h", "30m1h", "1h1h", "1H", "1sec", "106752d", "99999999999999999999s",
      "9223372036854775807ns1us", "1m\u{301}", "１s", "1s\0",
    ])
  func refused(_ text: String) {
    #expect(Duration(text: text) == nil)
  }

  @Test("the shortest form is written", arguments: ["7d", "1h30m", "500ms", "0s", "1d1h", "1us", "1s1ns"])
  func written(_ text: String) throws {
    #expect(try #require(Duration(text: text)).text == text)
  }

  @Test("a negative duration is shown with its sign")
  func negative() {
    #expect(Duration.seconds(-90).text == "-1m30s")
  }

  @Test("every duration reads back to the same nanosecond")
  func roundTrip() throws {
    try Property.check { generator in
      let bits = generator.int(0...62)
      let duration = Duration.nanoseconds(Int64.random(in: 0...(1 << bits), using: &generator))
      try Property.require(Duration(text: duration.text) == duration, duration.text)
    }
  }
}
