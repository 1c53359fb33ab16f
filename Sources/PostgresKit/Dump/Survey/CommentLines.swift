/// The line comments in a run of white space and comments, as the reader gives it.
enum CommentLines {
  /// Calls `body` with every line comment that begins in the run: without its dashes, trimmed.
  ///
  /// - Parameter place: what the run begins inside of, where a comment was longer than a piece.
  static func each(in bytes: Span<UInt8>, from place: DumpReaderState.Place, _ body: (String) -> Void) {
    var index = 0
    if case .lineComment = place {
      index = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes) ?? bytes.count
    } else if case .blockComment(var depth) = place {
      index = SQLTokenizer.commentEnd(in: bytes, from: 0, depth: &depth)
    }
    while index + 1 < bytes.count {
      switch (bytes[index], bytes[index + 1]) {
      case (Ascii.minus, Ascii.minus):
        let end = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes, from: index) ?? bytes.count
        if let text = text(of: bytes, from: index + 2, to: end) { body(text) }
        index = end
      case (Ascii.slash, Ascii.star):
        var depth = 1
        index = SQLTokenizer.commentEnd(in: bytes, from: index + 2, depth: &depth)
      default: index += 1
      }
    }
  }

  /// A comment that may be pg_dump's: those begin with a capital letter, and are short.
  private static func text(of bytes: Span<UInt8>, from start: Int, to end: Int) -> String? {
    var (start, end) = (start, end)
    while start < end, Ascii.isSpace(bytes[start]) { start += 1 }
    while start < end, Ascii.isSpace(bytes[end - 1]) { end -= 1 }
    guard start < end, end - start < 300, bytes[start] &- UInt8(ascii: "A") < 26 else { return nil }
    return String(decoding: Array(copying: bytes.extracting(start..<end)), as: UTF8.self)
  }
}
