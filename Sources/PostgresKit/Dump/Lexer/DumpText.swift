internal import Glibc

/// Names and values of a dump as strings.
enum DumpText {
  /// Bytes in a client encoding as a string.
  ///
  /// Exact for UTF-8, LATIN1, ASCII in any encoding, and what iconv(3) knows of the other encodings on this machine.
  /// SQL_ASCII is taken for UTF-8. Bytes that stand for nothing become U+FFFD.
  static func string(_ bytes: some Collection<UInt8>, clientEncoding: String?) -> String {
    guard let clientEncoding, bytes.contains(where: { $0 >= 0x80 }) else {
      return String(decoding: bytes, as: UTF8.self)
    }
    let encoding = EncodingShape.normalized(clientEncoding)
    if encoding == "latin1" || encoding == "iso88591" {
      return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
    guard let name = iconvName(encoding), let text = converted(Array(bytes), from: name) else {
      return String(decoding: bytes, as: UTF8.self)
    }
    return text
  }

  /// What iconv calls an encoding (PostgreSQL 15, table 24.1); nil for UTF-8, SQL_ASCII and MULE_INTERNAL.
  private static func iconvName(_ encoding: String) -> String? {
    if let part = suffix(encoding, of: "latin"), let number = Int(part) {
      // The numbers of Latin alphabets are not those of the parts of ISO 8859.
      let parts = [2: 2, 3: 3, 4: 4, 5: 9, 6: 10, 7: 13, 8: 14, 9: 15, 10: 16]
      return parts[number].map { "ISO-8859-\($0)" }
    }
    if let part = suffix(encoding, of: "iso8859") { return "ISO-8859-\(part)" }
    if let page = suffix(encoding, of: "windows") ?? suffix(encoding, of: "win") { return "CP\(page)" }
    let others = [
      "koi8": "KOI8-R", "koi8r": "KOI8-R", "koi8u": "KOI8-U", "alt": "CP866", "eucjp": "EUC-JP", "euccn": "EUC-CN",
      "euckr": "EUC-KR", "euctw": "EUC-TW", "eucjis2004": "EUC-JISX0213", "sjis": "CP932", "mskanji": "CP932",
      "shiftjis": "CP932", "shiftjis2004": "SHIFT_JISX0213", "big5": "CP950", "gbk": "GBK", "uhc": "UHC",
      "gb18030": "GB18030", "johab": "JOHAB",
    ]
    return others[encoding]
  }

  private static func suffix(_ text: String, of prefix: String) -> String? {
    text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
  }

  /// - Returns: nil when iconv does not know the encoding, or the bytes are not in it.
  private static func converted(_ bytes: [UInt8], from encoding: String) -> String? {
    let converter = unsafe iconv_open("UTF-8", encoding)
    // (iconv_t)-1 is the error.
    guard unsafe converter != iconv_t(bitPattern: -1) else { return nil }
    defer { unsafe iconv_close(converter) }
    var input = bytes.map { CChar(bitPattern: $0) }
    // No character of these encodings takes more than four times its bytes in UTF-8.
    var output = [CChar](repeating: 0, count: input.count * 4 + 4)
    var (inputLeft, outputLeft) = (input.count, output.count)
    let status = unsafe input.withUnsafeMutableBufferPointer { input in
      unsafe output.withUnsafeMutableBufferPointer { output in
        var from = input.baseAddress
        var to = output.baseAddress
        return unsafe iconv(converter, &from, &inputLeft, &to, &outputLeft)
      }
    }
    guard status != -1, inputLeft == 0 else { return nil }
    return String(decoding: output.dropLast(outputLeft).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
