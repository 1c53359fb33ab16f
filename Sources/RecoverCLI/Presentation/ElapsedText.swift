internal import RecoverBase

/// Measured times as people read them, two digits or so: pure.
enum ElapsedText {
  /// `8ms`, `4.7s`, `2m10s`, `1h5m`.
  static func text(_ duration: Duration) -> String {
    let nanoseconds = max(0, duration.nanoseconds)
    let (milliseconds, tenths) = (nanoseconds / 1_000_000, nanoseconds / 100_000_000)
    if milliseconds < 1 { return "under 1ms" }
    if milliseconds < 1000 { return "\(milliseconds)ms" }
    if tenths < 600 { return "\(tenths / 10).\(tenths % 10)s" }
    let seconds = tenths / 10
    return Duration.seconds(seconds < 3600 ? seconds : seconds / 60 * 60).text
  }
}
