internal import CLinux
internal import Glibc

/// A point in civil time: microseconds since 1970-01-01 UTC, an integer so that hashes over it are stable.
package struct WallTime: Sendable, Hashable, Comparable, Codable {
  package var microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// The time of the call.
  package static var now: WallTime {
    WallTime(microseconds: recover_clock_nanoseconds(CLOCK_REALTIME) / 1000)
  }

  package static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }
  /// Saturated: a damaged journal may hold any time, and must not stop the process.
  package static func + (left: WallTime, right: Duration) -> WallTime {
    let (sum, overflow) = left.microseconds.addingReportingOverflow(right.nanoseconds / 1000)
    return WallTime(microseconds: overflow ? (right < .zero ? .min : .max) : sum)
  }
  /// Saturated, as the sum is.
  package static func - (left: WallTime, right: WallTime) -> Duration {
    let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
    return .microseconds(overflow ? (left < right ? .min : .max) : difference)
  }

  package init(from decoder: any Decoder) throws {
    microseconds = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(microseconds)
  }
}

extension WallTime: CustomStringConvertible {
  /// RFC 3339 in UTC, to the second: `2026-11-23T06:51:31Z`.
  package var description: String { formatted(date: "-", separator: "T", time: ":") + "Z" }

  /// Compact and sortable, for names of files and directories: `20261123T065131Z`.
  package var compact: String { formatted(date: "", separator: "T", time: "") + "Z" }

  private func formatted(date: String, separator: String, time: String) -> String {
    var seconds = time_t(microseconds.flooringQuotient(1_000_000))
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    let (year, month, day) = unsafe (parts.tm_year, parts.tm_mon, parts.tm_mday)
    let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return [String(1900 + year), two(month + 1), two(day)].joined(separator: date) + separator
      + [two(hour), two(minute), two(second)].joined(separator: time)
  }
}

extension Int64 {
  /// Division that rounds towards negative infinity.
  fileprivate func flooringQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
