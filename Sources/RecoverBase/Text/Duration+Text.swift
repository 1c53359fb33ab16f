extension Duration {
  /// The units of ``init(text:)``, longest first, in nanoseconds.
  private static let textUnits: [(name: String, nanoseconds: Int64)] = [
    ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
  ]

  /// Reads a duration as people write it: `7d`, `1h30m`, `500ms`.
  ///
  /// One or more whole numbers, each with its unit (`w`, `d`, `h`, `m`, `s`, `ms`, `us`, `ns`), longest unit
  /// first, each unit at most once, no spaces. A number without a unit is refused, since nobody can tell
  /// seconds from milliseconds; so is what is longer than 292 years. A day has 24 hours here.
  package init?(text: String) {
    var total: Int64 = 0
    var units = Self.textUnits[...]
    var rest = Substring(text)
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(name.count)
      guard let amount = Int64(digits), let index = units.firstIndex(where: { $0.name == name }) else { return nil }
      let (product, tooLarge) = amount.multipliedReportingOverflow(by: units[index].nanoseconds)
      let (sum, overflow) = total.addingReportingOverflow(product)
      guard !tooLarge, !overflow else { return nil }
      total = sum
      units = units[(index + 1)...]
    }
    self = .nanoseconds(total)
  }

  /// The shortest form that ``init(text:)`` reads back to the same nanosecond: `7d`, `1h30m`, `0s`.
  ///
  /// A negative duration has a leading `-`, and can't be read back.
  package var text: String {
    var rest = nanoseconds.magnitude
    guard rest > 0 else { return "0s" }
    var text = nanoseconds < 0 ? "-" : ""
    for (name, size) in Self.textUnits.dropFirst() {
      let (count, remainder) = rest.quotientAndRemainder(dividingBy: size.magnitude)
      if count > 0 { text += "\(count)\(name)" }
      rest = remainder
    }
    return text
  }
}
