internal import RecoverBase

/// How often a step is tried, and how long it waits in between: exponential backoff with full jitter.
///
/// With jitter, runners that failed together do not come back together.
package struct RetryPolicy: Sendable, Hashable, Codable {
  /// How many attempts in all, at least 1.
  package var attempts: Int
  /// The most that is waited after the first attempt; it doubles with each one.
  @DurationText package var backoff: Duration
  /// What the wait never exceeds.
  @DurationText package var maxBackoff: Duration
  /// Whether the wait is drawn evenly between zero and its bound, instead of being the bound.
  package var jitter: Bool

  package init(
    attempts: Int = 3, backoff: Duration = .seconds(1), maxBackoff: Duration = .seconds(30), jitter: Bool = true
  ) {
    self.attempts = attempts
    self.backoff = backoff
    self.maxBackoff = maxBackoff
    self.jitter = jitter
  }

  enum CodingKeys: String, CodingKey {
    case attempts, backoff, jitter
    case maxBackoff = "max-backoff"
  }
}

extension RetryPolicy {
  /// One attempt and no more.
  package static let once = RetryPolicy(attempts: 1)

  /// How long to wait after a failed attempt.
  ///
  /// - Parameters:
  ///   - attempt: the number of the attempt that failed, from 1; what is smaller counts as 1.
  ///   - random: a number in 0..<1, drawn by the caller; what lies outside is moved to the nearer end.
  /// - Returns: zero to ``maxBackoff``.
  package func delay(attempt: Int, random: Double) -> Duration {
    let limit = max(0, maxBackoff.nanoseconds)
    var bound = min(max(0, backoff.nanoseconds), limit)
    // Doubling reaches any limit within 63 steps, or never when it starts at zero.
    for _ in 0..<min(max(attempt, 1) - 1, 63) {
      guard bound < limit else { break }
      bound = bound > limit / 2 ? limit : bound * 2
    }
    guard jitter else { return .nanoseconds(bound) }
    let fraction = random.isNaN ? 0 : min(max(random, 0), 1)
    // A Double has 53 bits, so the product of a huge bound may round past it.
    return .nanoseconds(min(bound, Int64(exactly: (Double(bound) * fraction).rounded(.down)) ?? bound))
  }
}
