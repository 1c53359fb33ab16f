internal import RecoverBase

/// Which signals are a person's or the system's words, and which are echoes of one: pure.
struct SignalPresses: Sendable {
  private var count = 0
  private var last: Moment?

  /// timeout(1) and service managers signal the process and its group within a millisecond of each other; a person
  /// who presses twice takes longer than this.
  static let echo = Duration.milliseconds(300)

  /// Takes note of a signal.
  ///
  /// - Returns: which one it is, from 1; nil for an echo of the one before.
  mutating func press(at now: Moment) -> Int? {
    if let last, now - last < Self.echo { return nil }
    last = now
    count += 1
    return count
  }
}
