/// Cuts one chunk off COPY data (PostgreSQL 15, COPY, "Text Format").
///
/// The data ends at a line that is exactly `\.`, as psql sees lines. A row ends at a line feed that no backslash
/// escapes. A chunk begins at a whole character that no backslash escapes, and is cut only at such a place.
struct CopyChunk {
  /// Whether rows can be told.
  let isText: Bool
  let encoding: EncodingShape
  /// The size of a chunk; at least ``lookahead`` squared, so that every chunk has room for a character.
  let limit: Int
  let isLast: Bool

  private(set) var byteCount = 0
  private(set) var rows = 0
  private(set) var lines = 0
  /// What comes behind the chunk.
  private(set) var place = DumpCopy.Place.row

  /// How many bytes behind a cut decide about it: the longest character, and the longest terminator.
  static let lookahead = 4

  init(isText: Bool, encoding: EncodingShape, limit: Int, isLast: Bool) {
    self.isText = isText
    self.encoding = encoding
    self.limit = limit
    self.isLast = isLast
  }

  enum Outcome {
    case needsBytes
    case data
    case terminator(byteCount: Int, lines: Int)
  }

  /// Finds the chunk that begins with these bytes; ``byteCount`` is 0 when there are none.
  ///
  /// - Parameter start: what the first byte is.
  mutating func scan(_ bytes: Span<UInt8>, from start: DumpCopy.Place) -> Outcome {
    var lineStart = 0
    var lineCount = 0
    var isLineStart = start != .inside
    let end = min(limit, bytes.count)
    while lineStart < end {
      if isLineStart, bytes[lineStart] == Ascii.backslash {
        switch terminator(in: bytes, at: lineStart) {
        case .none: break
        case .needsBytes: return .needsBytes
        case .terminator where lineStart > 0:
          if byteCount == 0 { cut(at: lineStart, lines: lineCount, place: .line) }
          return .data
        case let found?: return found
        }
      }
      guard let lineEnd = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes, from: lineStart, to: end) else { break }
      let mayBeEscaped = lineEnd > lineStart && bytes[lineEnd - 1] == Ascii.backslash
      let isRowEnd = isText && !(mayBeEscaped && isEscaped(lineEnd, in: bytes, from: lineStart))
      (lineStart, lineCount, isLineStart) = (lineEnd + 1, lineCount + 1, true)
      if isRowEnd {
        rows += 1
        cut(at: lineStart, lines: lineCount, place: .row)
      }
    }
    guard isLast || bytes.count >= limit + Self.lookahead else { return .needsBytes }
    if byteCount == 0, lineStart > 0 {
      cut(at: lineStart, lines: lineCount, place: .line)
    } else if byteCount == 0 {
      cut(at: end == bytes.count ? end : boundary(before: end, in: bytes), lines: 0, place: .inside)
    }
    return .data
  }

  private mutating func cut(at index: Int, lines: Int, place: DumpCopy.Place) {
    byteCount = index
    self.lines = lines
    self.place = place
  }

  /// At a backslash that begins a line: the line `\.`, also with a carriage return, and also without a line end where the dump ends.
  private func terminator(in bytes: Span<UInt8>, at index: Int) -> Outcome? {
    guard index + 1 < bytes.count else { return isLast ? nil : .needsBytes }
    guard bytes[index + 1] == Ascii.dot else { return nil }
    guard index + 2 < bytes.count else { return isLast ? .terminator(byteCount: 2, lines: 0) : .needsBytes }
    if bytes[index + 2] == Ascii.lineFeed { return .terminator(byteCount: 3, lines: 1) }
    guard bytes[index + 2] == Ascii.carriageReturn else { return nil }
    guard index + 3 < bytes.count else { return isLast ? .terminator(byteCount: 3, lines: 0) : .needsBytes }
    return bytes[index + 3] == Ascii.lineFeed ? .terminator(byteCount: 4, lines: 1) : nil
  }

  /// Whether the backslash before a line feed escapes it; the line begins at `start`.
  private func isEscaped(_ index: Int, in bytes: Span<UInt8>, from start: Int) -> Bool {
    guard encoding == .plain else { return boundary(before: index, in: bytes, from: start) < index }
    return !backslashes(before: index, in: bytes, from: start).isMultiple(of: 2)
  }

  /// The last place at or before `end` that is neither behind an escaping backslash nor inside of a character.
  private func boundary(before end: Int, in bytes: Span<UInt8>, from start: Int = 0) -> Int {
    guard encoding != .plain else {
      return backslashes(before: end, in: bytes, from: start).isMultiple(of: 2) ? end : end - 1
    }
    var index = start
    while index < end {
      var next = index
      if bytes[index] == Ascii.backslash { next += 1 }
      next += next < bytes.count ? encoding.width(of: bytes, at: next) : 0
      if next > end { break }
      index = next
    }
    return index
  }

  private func backslashes(before end: Int, in bytes: Span<UInt8>, from start: Int) -> Int {
    var index = end
    while index > start, bytes[index - 1] == Ascii.backslash { index -= 1 }
    return end - index
  }
}
