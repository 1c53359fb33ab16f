internal import RecoverBase

/// The data of `COPY ... FROM stdin`, streamed in chunks that end where a row ends wherever one fits.
extension DumpSplitter {
  /// The rest of the line on which the COPY statement ends; its data begins on the next line.
  ///
  /// psql would keep further SQL on that line for after the data. No dump is written like that, and it is refused.
  mutating func copyHead(_ copy: DumpCopy) throws -> Step {
    enum Rest { case line(end: Int), more(at: Int), open }
    let rest = buffer.withUnread { bytes -> Rest in
      let lineEnd = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes) ?? bytes.count
      var index = 0
      while index < lineEnd, Ascii.isSpace(bytes[index]) { index += 1 }
      if index + 1 < lineEnd, bytes[index] == Ascii.minus, bytes[index + 1] == Ascii.minus { index = lineEnd }
      if index == lineEnd { return lineEnd < bytes.count ? .line(end: lineEnd + 1) : .open }
      // The last byte there is may be the first of a comment.
      return index + 1 == bytes.count ? .open : .more(at: index)
    }
    switch rest {
    case .line(let end): return emit(.space, byteCount: end, lines: 1, then: .copyData(copy, .row))
    case .more(let index): throw refusal("more text on the line where COPY data should follow", at: index)
    case .open:
      guard buffer.isAtEnd else {
        if buffer.unreadCount > limits.statementBytes { throw refusal("a line that never ends, before COPY data") }
        return .needsBytes
      }
      let count = buffer.unreadCount
      if count > 0 { return emit(.space, byteCount: count, lines: 0, then: .copyHead(copy)) }
      return emit(.unfinished(.copyData), byteCount: 0, lines: 0, then: .ended)
    }
  }

  /// The next chunk of data, or the line that ends it.
  mutating func copyData(_ copy: DumpCopy, _ place: DumpCopy.Place) throws -> Step {
    var chunk = CopyChunk(
      isText: copy.format != .opaque, encoding: syntax.encoding, limit: limits.chunkBytes,
      isLast: buffer.isAtEnd)
    switch buffer.withUnread({ chunk.scan($0, from: place) }) {
    case .needsBytes: return .needsBytes
    case .terminator(let count, let lines):
      return emit(.copyEnd, byteCount: count, lines: lines, then: .between)
    case .data where chunk.byteCount == 0:
      return emit(.unfinished(.copyData), byteCount: 0, lines: 0, then: .ended)
    case .data:
      var copy = copy
      copy.rowsBefore += Int64(chunk.rows)
      return emit(
        .copyData(rows: chunk.rows, endsAtRow: chunk.isText && chunk.place == .row), byteCount: chunk.byteCount,
        lines: chunk.lines, then: .copyData(copy, chunk.place))
    }
  }
}
