internal import CLinux
internal import Glibc

/// A point on the machine's `CLOCK_BOOTTIME`: monotonic, counts suspend, starts anew at each boot.
///
/// Comparable only within one boot; what must outlive a boot is kept with the boot's id.
package struct Moment: Sendable, Hashable, Comparable, Codable {
  /// Nanoseconds since boot.
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The moment of the call.
  package static var now: Moment {
    Moment(nanoseconds: recover_clock_nanoseconds(CLOCK_BOOTTIME))
  }

  package static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }
  package static func + (left: Moment, right: Duration) -> Moment {
    Moment(nanoseconds: left.nanoseconds &+ right.nanoseconds)
  }
  package static func - (left: Moment, right: Moment) -> Duration {
    .nanoseconds(left.nanoseconds - right.nanoseconds)
  }
}

extension Duration {
  /// The whole duration in nanoseconds, saturated (292 years).
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, tooLarge) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return tooLarge ? (seconds < 0 ? .min : .max) : sum
  }

  /// The whole duration in seconds.
  package var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// A point in time after which work must not go on.
package struct Deadline: Sendable, Hashable {
  package var moment: Moment

  package init(_ moment: Moment) { self.moment = moment }

  /// The deadline that is `duration` from now.
  package static func after(_ duration: Duration) -> Deadline { Deadline(.now + duration) }

  /// What is left; zero or less once it has passed.
  package var remaining: Duration { moment - .now }
  package var hasPassed: Bool { moment <= .now }
}
