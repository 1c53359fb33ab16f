/// How the bytes of a client encoding form characters, as far as a lexer must know.
///
/// In SJIS, BIG5, GBK, UHC, GB18030 and JOHAB the second byte of a character may look like a backslash or
/// a letter, so text in them is passed over character by character. Every other encoding of PostgreSQL
/// is `plain`: bytes below 0x80 are always themselves. (PostgreSQL 15, chapter 24.3.)
enum EncodingShape: Sendable, Hashable {
  case plain
  /// SJIS and SHIFT_JIS_2004: 0xA1 to 0xDF stand alone.
  case shiftJIS
  /// BIG5, GBK, UHC: a byte with the high bit begins a pair.
  case pairs
  /// GB18030: pairs, and fours where the second byte is a digit.
  case gb18030
  /// JOHAB, whose widths PostgreSQL takes from EUC.
  case johab

  /// The shape of an encoding by any of the names that PostgreSQL knows it by; nil is an unknown one.
  init(clientEncoding: String?) {
    switch clientEncoding.map(Self.normalized) {
    case "sjis", "mskanji", "shiftjis", "win932", "windows932", "shiftjis2004": self = .shiftJIS
    case "big5", "win950", "windows950", "gbk", "win936", "windows936", "uhc", "win949", "windows949": self = .pairs
    case "gb18030": self = .gb18030
    case "johab": self = .johab
    default: self = .plain
    }
  }

  /// An encoding's name as PostgreSQL compares it: letters and digits only, in lower case.
  static func normalized(_ name: String) -> String {
    String(decoding: name.utf8.lazy.filter { Ascii.isDigit($0) || ($0 | 0x20) &- 0x61 < 26 }, as: UTF8.self)
      .lowercased()
  }

  /// How many bytes the character at `index` takes; at least 1, and never past the end.
  ///
  /// A second byte below 0x30 belongs to no character, so a damaged one never swallows a line feed or a quote.
  func width(of bytes: Span<UInt8>, at index: Int) -> Int {
    let byte = bytes[index]
    guard byte >= 0x80, self != .plain, index + 1 < bytes.count, bytes[index + 1] >= 0x30 else { return 1 }
    let wanted: Int
    switch self {
    case .plain: wanted = 1
    case .shiftJIS: wanted = (0xA1...0xDF).contains(byte) ? 1 : 2
    case .pairs: wanted = 2
    case .gb18030: wanted = Ascii.isDigit(bytes[index + 1]) ? 4 : 2
    case .johab: wanted = byte == 0x8F ? 3 : 2
    }
    return min(wanted, bytes.count - index)
  }
}
