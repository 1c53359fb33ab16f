/// The numbers of tar headers, read so that each has one value or none.
enum TarNumber {
  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// A field of a header block: octal digits between spaces, ended by a space or NUL or the field's end (POSIX, ustar), or
  /// base-256, marked by the first bit (GNU tar, star).
  ///
  /// - Returns: nil for anything else, and where 64 bits with a sign don't hold it. A field without any digit is 0.
  static func field(_ field: ArraySlice<UInt8>) -> Int64? {
    if let first = field.first, first & 0x80 != 0 { return base256(field) }
    let digits = field.drop { $0 == UInt8(ascii: " ") }
    let end = digits.firstIndex { !(UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) } ?? digits.endIndex
    if end < digits.endIndex, digits[end] != 0, digits[end] != UInt8(ascii: " ") { return nil }
    // NULs and then digits: two programs would read two numbers.
    if end == digits.startIndex { return digits.allSatisfy { $0 == 0 || $0 == UInt8(ascii: " ") } ? 0 : nil }
    var value: Int64 = 0
    for digit in digits[..<end] {
      guard value <= Int64.max >> 3 else { return nil }
      value = value << 3 | Int64(digit - UInt8(ascii: "0"))
    }
    return value
  }

  /// Two's complement, highest byte first; the first byte's second bit is the sign.
  private static func base256(_ field: ArraySlice<UInt8>) -> Int64? {
    guard let first = field.first else { return nil }
    var value = Int64(Int8(bitPattern: first << 1) >> 1)
    for byte in field.dropFirst() {
      let (product, overflow) = value.multipliedReportingOverflow(by: 256)
      guard !overflow else { return nil }
      value = product | Int64(byte)
    }
    return value
  }

  /// Decimal digits and nothing else; nil also where 63 bits don't hold it.
  static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard !digits.isEmpty else { return nil }
    var value: Int64 = 0
    for digit in digits {
      guard isDigit(digit) else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowToo) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
      guard !overflow, !overflowToo else { return nil }
      value = sum
    }
    return value
  }
}
