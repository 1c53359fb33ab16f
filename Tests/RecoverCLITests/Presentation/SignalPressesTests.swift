import RecoverBase
import Testing

@testable import RecoverCLI

@Suite("Signals")
struct SignalPressesTests {
  @Test(
    "what comes within 300 ms of a signal is its echo",
    arguments: [
      ([0], [1]), ([0, 1], [1, nil]), ([0, 299, 301], [1, nil, 2]), ([0, 300, 599, 600], [1, 2, nil, 3]),
    ])
  func echo(_ milliseconds: [Int64], _ expected: [Int?]) {
    var presses = SignalPresses()
    let counted = milliseconds.map { presses.press(at: Moment(nanoseconds: $0 * 1_000_000)) }
    #expect(counted == expected)
  }
}
