/// White space and comments between statements, which may have any length.
extension DumpSplitter {
  enum Space {
    /// The space ends at once: a statement or a command begins.
    case none
    case found(Step)
  }

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The white space and comments that begin here.
  mutating func space() throws -> Space {
    try refuseForeignFormat()
    var index = 0
    if state.offset == 0, buffer.withUnread({ $0.starts(with: Self.byteOrderMark) }) { index = 3 }
    return run(from: index, place: .between).map { .found($0) } ?? .none
  }

  /// The rest of a comment that was longer than a chunk.
  mutating func comment() throws -> Step { run(from: 0, place: state.place) ?? .end }

  private mutating func run(from start: Int, place: DumpReaderState.Place) -> Step? {
    var run = SpaceRun(place: place, index: start, limit: limits.chunkBytes, isLast: buffer.isAtEnd)
    switch buffer.withUnread({ run.scan($0) }) {
    case .needsBytes: return .needsBytes
    case .cut, .ended:
      if run.index > 0 {
        let (index, lines) = (run.index, buffer.withUnread { ByteSearch.countLines(in: $0, to: run.index) })
        return emit(.space, byteCount: index, lines: lines, then: run.place)
      }
      if case .blockComment = run.place { return emit(.unfinished(.comment), byteCount: 0, lines: 0, then: .ended) }
      return nil
    }
  }

  /// Refuses at the very beginning what is another kind of file.
  private func refuseForeignFormat() throws {
    guard state.offset == 0 else { return }
    if let format = buffer.withUnread({ ForeignFormat(of: $0) }) {
      throw refusal("this is \(format.rawValue), not a plain SQL dump", hint: format.hint)
    }
  }
}

/// A walk over white space and comments.
struct SpaceRun {
  private(set) var place: DumpReaderState.Place
  private(set) var index: Int
  /// Where the last comment began that is still open.
  private var commentStart = 0
  let limit: Int
  let isLast: Bool

  init(place: DumpReaderState.Place, index: Int, limit: Int, isLast: Bool) {
    self.place = place
    self.index = index
    self.limit = limit
    self.isLast = isLast
  }

  enum Outcome {
    /// Something else begins at ``index``, or the dump ends there.
    case ended
    /// The limit was reached.
    case cut
    case needsBytes
  }

  mutating func scan(_ bytes: Span<UInt8>) -> Outcome {
    while index < limit {
      guard index < bytes.count else { return isLast ? .ended : .needsBytes }
      switch place {
      case .between:
        if Ascii.isSpace(bytes[index]) {
          index += 1
        } else if let outcome = openComment(in: bytes) {
          return outcome
        }
      case .lineComment:
        let end = min(bytes.count, limit)
        if let found = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes, from: index, to: end) {
          index = found + 1
          place = .between
        } else {
          index = end
        }
      case .blockComment(var depth):
        // One byte more than the limit, so that a `*/` across it is seen.
        let window = bytes.extracting(0..<min(bytes.count, limit + 1))
        index = SQLTokenizer.commentEnd(in: window, from: index, depth: &depth)
        place = depth == 0 ? .between : .blockComment(depth: depth)
        if depth > 0, index + 1 == bytes.count {
          guard isLast else { return .needsBytes }
          index += 1
        }
      case .copyHead, .copyData, .ended: return .ended
      }
    }
    // Comments that fit into a piece are not cut.
    if place != .between, commentStart > 0 { (index, place) = (commentStart, .between) }
    return .cut
  }

  /// Enters the comment that begins here; an outcome when none does.
  private mutating func openComment(in bytes: Span<UInt8>) -> Outcome? {
    guard bytes[index] == Ascii.minus || bytes[index] == Ascii.slash else { return .ended }
    guard index + 1 < bytes.count else { return isLast ? .ended : .needsBytes }
    switch (bytes[index], bytes[index + 1]) {
    case (Ascii.minus, Ascii.minus): place = .lineComment
    case (Ascii.slash, Ascii.star): place = .blockComment(depth: 1)
    default: return .ended
    }
    commentStart = index
    index += 2
    return nil
  }
}
