extension ByteCount {
  private static let textUnits: [String: Double] = [
    "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15,
    "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776, "pib": 1_125_899_906_842_624,
  ]

  /// Reads a size as people write it: `20 GB` (powers of ten), `512MiB` (powers of two), `1048576` (bytes).
  ///
  /// The number may have decimals (`1.5 GB`), the unit may be in either case and stand after one space. Nil
  /// for anything else, and for more than 2^53 bytes.
  package init?(text: String) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    var unit = text.dropFirst(number.count)
    if unit.first == " " { unit = unit.dropFirst() }
    guard number.first?.isNumber == true, number.last?.isNumber == true, let amount = Double(String(number)),
      let factor = Self.textUnits[unit.lowercased()]
    else { return nil }
    let bytes = (amount * factor).rounded()
    guard bytes <= 9_007_199_254_740_992 else { return nil }
    self.init(Int64(bytes))
  }
}
