/// A time in an archive: seconds since 1970-01-01 UTC, negative before it, and nanoseconds from 0 to 999,999,999 on top.
package struct TarTime: Sendable, Hashable {
  package var seconds: Int64
  package var nanoseconds: Int32

  package init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The seconds that are read: the years from 1 to 9999, which every calendar on the machine can show.
  static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  /// A decimal number of seconds, such as `1450000000.25` or `-1.5` (POSIX, pax, "mtime").
  ///
  /// What is below a nanosecond is cut off. bsdtar means -1.75 s where it writes `-2.25`; POSIX and GNU tar do not. Nil for anything else, and for years that are not read.
  init?(decimal text: ArraySlice<UInt8>) {
    let isNegative = text.first == UInt8(ascii: "-")
    let parts = text.dropFirst(isNegative ? 1 : 0)
      .split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, let seconds = TarNumber.decimal(whole), seconds <= Self.range.upperBound else {
      return nil
    }
    var nanoseconds: Int64 = 0
    if parts.count == 2 {
      guard parts[1].allSatisfy(TarNumber.isDigit) else { return nil }
      let digits = parts[1].prefix(9) + Array(repeating: UInt8(ascii: "0"), count: max(0, 9 - parts[1].count))
      guard let fraction = TarNumber.decimal(digits) else { return nil }
      nanoseconds = fraction
    }
    self.seconds = isNegative ? -seconds : seconds
    self.nanoseconds = Int32(nanoseconds)
    if isNegative, nanoseconds > 0 {
      self.seconds -= 1
      self.nanoseconds = Int32(1_000_000_000 - nanoseconds)
    }
    guard Self.range.contains(self.seconds) else { return nil }
  }
}

extension TarTime: CustomStringConvertible {
  /// In UTC, with as many digits below the second as there are: `2016-01-18 19:42:44.95`.
  package var description: String {
    let days = (seconds - (seconds % 86400 + 86400) % 86400) / 86400
    let second = Int(seconds - days * 86400)
    let (year, month, day) = Self.civil(days)
    let years = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
    let clock = [second / 3600, second / 60 % 60, second % 60].map(Self.two).joined(separator: ":")
    return "\(years)-\(Self.two(month))-\(Self.two(day)) \(clock)\(fraction)"
  }

  private var fraction: String {
    guard nanoseconds > 0 else { return "" }
    let digits = String(nanoseconds)
    var text = (String(repeating: "0", count: 9 - digits.count) + digits)[...]
    while text.last == "0" { text.removeLast() }
    return ".\(text)"
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// The date of a day that is counted from 1970-01-01, in the Gregorian calendar: eras of 400 years from a first of March on.
  private static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = Int(shifted - era * 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let year = yearOfEra + Int(era) * 400 + (month >= 10 ? 1 : 0)
    return (year, month < 10 ? month + 3 : month - 9, day)
  }
}
