internal import RecoverBase
internal import RecoverEngine

/// Progress as text: pure.
enum ProgressText {
  /// `load  1.2 GB of 4.0 GB  30 %  120.0 MB/s  24s left  public.users`.
  ///
  /// - Parameter bytesPerSecond: nil where it is not known or says nothing.
  static func line(step: String, _ progress: Progress, bytesPerSecond: Double?) -> String {
    let (doneBytes, totalBytes) = (progress.doneBytes, progress.totalBytes)
    var parts = [step]
    if let totalBytes, totalBytes > 0 {
      parts.append("\(ByteCount(doneBytes)) of \(ByteCount(totalBytes))")
      parts.append("\(percentage(doneBytes, of: totalBytes)) %")
    } else if doneBytes > 0 {
      parts.append("\(ByteCount(doneBytes))")
    }
    if let bytesPerSecond, bytesPerSecond >= 1, bytesPerSecond < 1e15 {
      parts.append("\(ByteCount(Int64(bytesPerSecond)))/s")
      if let totalBytes, totalBytes > doneBytes {
        parts.append("\(timeLeft(seconds: Double(totalBytes - doneBytes) / bytesPerSecond)) left")
      }
    }
    if let detail = progress.detail { parts.append(detail) }
    return parts.joined(separator: "  ")
  }

  /// 100 only when all is done.
  private static func percentage(_ done: Int64, of total: Int64) -> Int {
    guard done < total else { return 100 }
    return min(99, max(0, Int(Double(done) / Double(total) * 100)))
  }

  /// Two units at most, since nobody knows it better: `1h5m`, `2m10s`, `24s`; `over 99d` at the far end.
  static func timeLeft(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 99 * 86_400 else { return "over 99d" }
    let whole = Int64(max(0, seconds).rounded(.up))
    let unit: Int64 = whole >= 86_400 ? 3600 : whole >= 3600 ? 60 : 1
    return Duration.seconds((whole + unit - 1) / unit * unit).text
  }
}

/// How fast bytes go by: over the last ten seconds, so that it follows a change.
struct RateMeter: Sendable {
  private var samples: [(moment: Moment, bytes: Int64)] = []
  private static let window = Duration.seconds(10)
  /// Samples that are nearer to the one before only move it on, so that there are never many.
  private static let resolution = Duration.milliseconds(100)
  /// Rates over less time say nothing.
  private static let shortest = Duration.milliseconds(200)

  /// Takes note of how many bytes were done at a moment; fewer than before start the measure anew.
  mutating func record(_ bytes: Int64, at moment: Moment) {
    if let last = samples.last, bytes < last.bytes { samples.removeAll() }
    if samples.count > 1, moment - samples[samples.count - 2].moment < Self.resolution { samples.removeLast() }
    samples.append((moment, bytes))
    while samples.count > 2, moment - samples[0].moment > Self.window { samples.removeFirst() }
  }

  /// Nil until there are two samples some time apart.
  var bytesPerSecond: Double? {
    guard let first = samples.first, let last = samples.last else { return nil }
    let elapsed = last.moment - first.moment
    return elapsed >= Self.shortest ? Double(last.bytes - first.bytes) / elapsed.seconds : nil
  }
}
