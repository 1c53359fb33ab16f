import RecoverBase
import RecoverCore
import RecoverTestSupport
import Testing

@Suite("Retry policy")
struct RetryPolicyTests {
  @Test(
    "the bound doubles with each attempt and stops at its maximum",
    arguments: [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10), (1000, 10), (.max, 10), (0, 1), (-5, 1)])
  func bound(_ attempt: Int, _ seconds: Int) {
    let policy = RetryPolicy(backoff: .seconds(1), maxBackoff: .seconds(10), jitter: false)
    #expect(policy.delay(attempt: attempt, random: 0.5) == .seconds(seconds))
  }

  @Test("with jitter the wait is the drawn part of the bound")
  func jitter() {
    let policy = RetryPolicy(backoff: .seconds(8), maxBackoff: .seconds(60))
    #expect(policy.delay(attempt: 1, random: 0.25) == .seconds(2))
    #expect(policy.delay(attempt: 2, random: 0.25) == .seconds(4))
    #expect(policy.delay(attempt: 2, random: 0) == .zero)
  }

  @Test("no input makes a wait that is negative or longer than its maximum")
  func bounded() throws {
    let odd: [Double] = [.nan, .infinity, -.infinity, -1, 0, 0.999_999_999_999_999_9, 1, 2]
    try Property.check { generator in
      let policy = RetryPolicy(
        attempts: 3, backoff: .nanoseconds(Int64.random(in: -10...Int64.max, using: &generator)),
        maxBackoff: .nanoseconds(Int64.random(in: -10...Int64.max, using: &generator)),
        jitter: generator.chance(1, of: 2))
      let random = generator.chance(1, of: 4) ? generator.pick(odd) : Double.random(in: 0..<1, using: &generator)
      let delay = policy.delay(attempt: generator.int(-3...80), random: random)
      try Property.require(delay >= .zero && delay <= max(.zero, policy.maxBackoff), "\(policy) gives \(delay)")
    }
  }

  @Test("the stored form is the file's own form")
  func stored() throws {
    let policy = RetryPolicy(attempts: 5, backoff: .milliseconds(1500), maxBackoff: .seconds(60), jitter: false)
    let value = try JSONValue(encoding: policy)
    #expect(value == ["attempts": 5, "backoff": "1s500ms", "max-backoff": "1m", "jitter": false])
    #expect(try value.decoded(as: RetryPolicy.self) == policy)
  }
}
