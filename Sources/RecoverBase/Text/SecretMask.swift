/// Hides what is secret in what other programs print, before people or the journal get it.
///
/// It knows the forms in which secrets usually stand (the password of a URL, `password=...`, an `Authorization` header),
/// and texts that it is told. What stands in no such form it can't know: log files keep the mode 0600.
package enum SecretMask {
  package static let mask = "***"

  /// The text with its secrets replaced by ``mask``.
  ///
  /// - Parameter known: texts that are secret wherever they stand; those of less than 6 bytes are left alone, since hiding
  ///   every `1` or `test` would tell what they are.
  package static func masked(_ text: String, known: [String] = []) -> String {
    var bytes = Array(text.utf8)
    for secret in known.map({ Array($0.utf8) }) where secret.count >= shortest { replace(secret, in: &bytes) }
    bytes = withoutPasswordsInURLs(bytes)
    bytes = withoutAssignments(bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The values of variables whose names say that they are secret.
  package static func secrets(in environment: [String: String]) -> [String] {
    let endings = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY"]
    return environment.filter { name, value in
      value.utf8.count >= shortest && endings.contains { name.uppercased().hasSuffix($0) }
    }.values.sorted { $0.utf8.count > $1.utf8.count }
  }

  private static let shortest = 6
  private static let stars = Array(mask.utf8)

  private static func replace(_ secret: [UInt8], in bytes: inout [UInt8]) {
    var from = bytes.startIndex
    while let found = bytes[from...].firstRange(of: secret) {
      bytes.replaceSubrange(found, with: stars)
      from = found.lowerBound + stars.count
    }
  }

  /// `scheme://user:PASSWORD@host`; of a web address also a name alone, which may be a token.
  private static func withoutPasswordsInURLs(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var from = bytes.startIndex
    while let scheme = bytes[from...].firstRange(of: Array("://".utf8)) {
      from = scheme.upperBound
      let end = bytes[from...].firstIndex { isBreak($0) || $0 == UInt8(ascii: "/") } ?? bytes.endIndex
      guard let at = bytes[from..<end].lastIndex(of: UInt8(ascii: "@")) else { continue }
      let isWeb = bytes[..<scheme.lowerBound].suffix(5).endsWithWebScheme
      let colon = bytes[from..<at].firstIndex(of: UInt8(ascii: ":"))
      guard let start = colon.map({ $0 + 1 }) ?? (isWeb ? from : nil), start < at else { continue }
      bytes.replaceSubrange(start..<at, with: stars)
      from = start + stars.count
    }
    return bytes
  }

  private static let names = ["password=", "passwd=", "secret=", "token=", "api_key=", "apikey=", "bearer "]

  private static func withoutAssignments(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for name in names.map({ Array($0.utf8) }) {
      var from = bytes.startIndex
      while let found = bytes[from...].lowercasedRange(of: name) {
        var start = found.upperBound
        while start < bytes.endIndex, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(bytes[start]) { start += 1 }
        let end = bytes[start...].firstIndex { isBreak($0) || $0 == UInt8(ascii: "&") } ?? bytes.endIndex
        if start < end { bytes.replaceSubrange(start..<end, with: stars) }
        from = min(start + (start < end ? stars.count : 0), bytes.endIndex)
      }
    }
    return bytes
  }

  /// What ends a word: white space, quotes, brackets, a comma or a semicolon.
  private static func isBreak(_ byte: UInt8) -> Bool { byte <= 0x20 || "\"'`<>()[]{},;".utf8.contains(byte) }
}

extension ArraySlice<UInt8> {
  fileprivate var endsWithWebScheme: Bool {
    let text = String(decoding: self, as: UTF8.self).lowercased()
    return text.hasSuffix("http") || text.hasSuffix("https")
  }

  /// Where a lower-case word stands, whatever the case of its letters here.
  fileprivate func lowercasedRange(of word: [UInt8]) -> Range<Int>? {
    guard count >= word.count else { return nil }
    for start in startIndex...(endIndex - word.count) {
      let isEqual = zip(self[start...], word).allSatisfy { byte, wanted in
        (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte) == wanted
      }
      if isEqual { return start..<start + word.count }
    }
    return nil
  }
}
