/// Names and values of a dump as strings.
enum DumpText {
  /// Bytes in a client encoding as a string.
  ///
  /// UTF-8 and LATIN1 are exact. Text in any other encoding is exact where it is ASCII, or happens to be UTF-8 (as in
  /// SQL_ASCII databases); other bytes become U+FFFD.
  static func string(_ bytes: some Collection<UInt8>, clientEncoding: String?) -> String {
    switch clientEncoding.map(EncodingShape.normalized) {
    case "latin1", "iso88591": String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    default: String(decoding: bytes, as: UTF8.self)
    }
  }
}
