internal import RecoverBase

/// Progress as text: pure.
enum ProgressText {
  /// `load  1.2 GB of 4.0 GB  30 %  120.0 MB/s  24s left  public.users`.
  static func line(
    step: String, doneBytes: Int64, totalBytes: Int64?, bytesPerSecond: Double?, detail: String?
  ) -> String {
    var parts = [step]
    if let totalBytes, totalBytes > 0 {
      parts.append("\(ByteCount(doneBytes)) of \(ByteCount(totalBytes))")
      parts.append("\(min(100, doneBytes * 100 / totalBytes)) %")
    } else if doneBytes > 0 {
      parts.append("\(ByteCount(doneBytes))")
    }
    if let bytesPerSecond, bytesPerSecond >= 1 {
      parts.append("\(ByteCount(Int64(bytesPerSecond)))/s")
      if let totalBytes, totalBytes > doneBytes {
        let seconds = Int64((Double(totalBytes - doneBytes) / bytesPerSecond).rounded(.up))
        parts.append("\(Duration.seconds(seconds).text) left")
      }
    }
    if let detail { parts.append(detail) }
    return parts.joined(separator: "  ")
  }
}

/// How fast bytes go by: over the last ten seconds, so that it follows a change.
struct RateMeter: Sendable {
  private var samples: [(moment: Moment, bytes: Int64)] = []
  private static let window = Duration.seconds(10)

  mutating func record(_ bytes: Int64, at moment: Moment) {
    samples.append((moment, bytes))
    while samples.count > 2, moment - samples[0].moment > Self.window { samples.removeFirst() }
  }

  /// Nil until there are two samples some time apart.
  var bytesPerSecond: Double? {
    guard let first = samples.first, let last = samples.last else { return nil }
    let seconds = (last.moment - first.moment).seconds
    return seconds > 0.2 ? Double(last.bytes - first.bytes) / seconds : nil
  }
}
