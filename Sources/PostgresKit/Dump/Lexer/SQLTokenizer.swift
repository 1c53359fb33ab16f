/// Splits SQL text into tokens by the rules of PostgreSQL's own lexer (chapter 4.1), as psql applies them.
///
/// A cursor without the bytes: every call is given the same bytes, of which more may have arrived at their end.
/// White space and comments are passed over. A token that is not whole yet is looked at again from its start,
/// so a caller whose buffer doubles looks at every byte a bounded number of times.
struct SQLTokenizer {
  let syntax: SQLSyntax
  /// Where the next token is looked for.
  private(set) var position: Int

  init(syntax: SQLSyntax, position: Int = 0) {
    self.syntax = syntax
    self.position = position
  }

  /// The next token.
  ///
  /// - Parameter isLast: whether no more bytes will come after these.
  mutating func next(in bytes: Span<UInt8>, isLast: Bool = true) -> SQLToken {
    guard skipSpace(in: bytes, isLast: isLast) else {
      return SQLToken(kind: .incomplete, start: position, end: position)
    }
    let start = position
    guard start < bytes.count else {
      return SQLToken(kind: isLast ? .end : .incomplete, start: start, end: start)
    }
    let kind: SQLToken.Kind
    let end: Int?
    switch bytes[start] {
    case Ascii.quote:
      let escapes = !syntax.standardStrings
      (kind, end) = (.string, literalEnd(in: bytes, openedAt: start, escapes: escapes, isLast: isLast))
    case Ascii.doubleQuote: (kind, end) = (.quotedIdentifier, identifierEnd(in: bytes, openedAt: start))
    case Ascii.dollar: (kind, end) = dollar(in: bytes, from: start, isLast: isLast)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      (kind, end) = (.number, numberEnd(in: bytes, from: start, isLast: isLast))
    case let byte where Ascii.isWordStart(byte): (kind, end) = word(in: bytes, from: start, isLast: isLast)
    default: (kind, end) = (.symbol, start + 1)
    }
    guard let end else { return SQLToken(kind: .incomplete, start: start, end: start) }
    position = end
    return SQLToken(kind: kind, start: start, end: end)
  }

  /// Passes over white space and comments.
  ///
  /// - Returns: false when it can't be told yet where they end, or a block comment stays open.
  private mutating func skipSpace(in bytes: Span<UInt8>, isLast: Bool) -> Bool {
    while position < bytes.count {
      let byte = bytes[position]
      if Ascii.isSpace(byte) {
        position += 1
        continue
      }
      guard byte == Ascii.minus || byte == Ascii.slash else { return true }
      guard position + 1 < bytes.count else { return isLast }
      switch (byte, bytes[position + 1]) {
      case (Ascii.minus, Ascii.minus):
        if let end = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes, from: position + 2) {
          position = end + 1
        } else {
          guard isLast else { return false }
          position = bytes.count
        }
      case (Ascii.slash, Ascii.star):
        var depth = 1
        let end = Self.commentEnd(in: bytes, from: position + 2, depth: &depth)
        guard depth == 0 else { return false }
        position = end
      default: return true
      }
    }
    return true
  }

  /// Where a block comment ends, or from where on it is still to be looked at when it goes on behind these bytes.
  ///
  /// - Parameter depth: how many comments are open, at least 1; 0 afterwards when the outermost was closed.
  static func commentEnd(in bytes: Span<UInt8>, from start: Int, depth: inout Int) -> Int {
    var index = start
    while index + 1 < bytes.count {
      switch (bytes[index], bytes[index + 1]) {
      case (Ascii.star, Ascii.slash):
        depth -= 1
        index += 2
        if depth == 0 { return index }
      case (Ascii.slash, Ascii.star):
        depth += 1
        index += 2
      default: index += 1
      }
    }
    return index
  }
}

// MARK: Words and quoted names

extension SQLTokenizer {
  /// A word, or the literal or name whose prefix it is.
  private func word(in bytes: Span<UInt8>, from start: Int, isLast: Bool) -> (SQLToken.Kind, Int?) {
    let end = wordEnd(in: bytes, from: start)
    guard end < bytes.count else { return (.word, isLast ? end : nil) }
    guard end == start + 1 else { return (.word, end) }
    switch (bytes[start] | 0x20, bytes[end]) {
    case (UInt8(ascii: "e"), Ascii.quote):
      return (.string, literalEnd(in: bytes, openedAt: end, escapes: true, isLast: isLast))
    case (UInt8(ascii: "n"), Ascii.quote):
      return (.string, literalEnd(in: bytes, openedAt: end, escapes: !syntax.standardStrings, isLast: isLast))
    case (UInt8(ascii: "b"), Ascii.quote), (UInt8(ascii: "x"), Ascii.quote):
      return (.string, literalEnd(in: bytes, openedAt: end, escapes: false, isLast: isLast))
    case (UInt8(ascii: "u"), Ascii.ampersand):
      guard end + 1 < bytes.count else { return (.word, isLast ? end : nil) }
      if bytes[end + 1] == Ascii.doubleQuote {
        return (.quotedIdentifier, identifierEnd(in: bytes, openedAt: end + 1))
      }
      guard bytes[end + 1] == Ascii.quote else { return (.word, end) }
      return (.string, literalEnd(in: bytes, openedAt: end + 1, escapes: false, isLast: isLast))
    default: return (.word, end)
    }
  }

  private func wordEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    if syntax.encoding == .plain {
      while index < bytes.count, Ascii.isWordPart(bytes[index]) { index += 1 }
    } else {
      while index < bytes.count, Ascii.isWordPart(bytes[index]) { index += width(in: bytes, at: index) }
    }
    return index
  }

  /// Where digits end; a letter right behind them belongs to them, so that `1E` is no prefix of a literal.
  private func numberEnd(in bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int? {
    var index = start
    while index < bytes.count, Ascii.isDigit(bytes[index]) { index += 1 }
    guard index < bytes.count else { return isLast ? index : nil }
    return Ascii.isWordStart(bytes[index]) ? index + width(in: bytes, at: index) : index
  }

  /// Where a name in double quotes ends; a doubled quote opens the rest of the same name.
  private func identifierEnd(in bytes: Span<UInt8>, openedAt start: Int) -> Int? {
    var index = start
    while let close = ByteSearch.firstIndex(of: Ascii.doubleQuote, in: bytes, from: index + 1) {
      guard close + 1 < bytes.count, bytes[close + 1] == Ascii.doubleQuote else { return close + 1 }
      index = close + 1
    }
    return nil
  }

  private func width(in bytes: Span<UInt8>, at index: Int) -> Int {
    syntax.encoding == .plain ? 1 : syntax.encoding.width(of: bytes, at: index)
  }
}

// MARK: Literals

extension SQLTokenizer {
  /// Where a literal ends, continuations on further lines included (PostgreSQL 15, chapter 4.1.2.1).
  private func literalEnd(in bytes: Span<UInt8>, openedAt start: Int, escapes: Bool, isLast: Bool) -> Int? {
    var opened = start
    while let close = quote(in: bytes, from: opened + 1, escapes: escapes) {
      guard close + 1 < bytes.count else { return isLast ? close + 1 : nil }
      switch continuation(in: bytes, from: close + 1, isLast: isLast) {
      case .none: return close + 1
      case .opened(let index): opened = index
      case .unknown: return nil
      }
    }
    return nil
  }

  private enum Continuation {
    case none
    case opened(Int)
    case unknown
  }

  /// Whether a literal goes on after its closing quote: at once, since the quote was doubled, or after white
  /// space and line comments that hold at least one line feed.
  private func continuation(in bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Continuation {
    var index = start
    var sawLineFeed = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte == Ascii.quote { return index == start || sawLineFeed ? .opened(index) : .none }
      if byte == Ascii.minus {
        guard index + 1 < bytes.count else { return isLast ? .none : .unknown }
        guard bytes[index + 1] == Ascii.minus else { return .none }
        guard let end = ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes, from: index + 2) else { break }
        index = end
      }
      guard Ascii.isSpace(bytes[index]) else { return .none }
      sawLineFeed = sawLineFeed || bytes[index] == Ascii.lineFeed
      index += 1
    }
    return isLast ? .none : .unknown
  }

  /// The next quote that no backslash escapes.
  private func quote(in bytes: Span<UInt8>, from start: Int, escapes: Bool) -> Int? {
    guard escapes else { return ByteSearch.firstIndex(of: Ascii.quote, in: bytes, from: start) }
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == Ascii.quote { return index }
      if byte == Ascii.backslash { index += 1 }
      guard index < bytes.count else { return nil }
      index += width(in: bytes, at: index)
    }
    return nil
  }

  /// A dollar-quoted literal, a parameter, or a lone dollar sign.
  private func dollar(in bytes: Span<UInt8>, from start: Int, isLast: Bool) -> (SQLToken.Kind, Int?) {
    var index = start + 1
    guard index < bytes.count else { return (.symbol, isLast ? index : nil) }
    if Ascii.isDigit(bytes[index]) { return (.number, numberEnd(in: bytes, from: index, isLast: isLast)) }
    if Ascii.isWordStart(bytes[index]) {
      while index < bytes.count, bytes[index] != Ascii.dollar, Ascii.isWordPart(bytes[index]) {
        index += width(in: bytes, at: index)
      }
      guard index < bytes.count else { return (.symbol, isLast ? start + 1 : nil) }
    }
    guard bytes[index] == Ascii.dollar else { return (.symbol, start + 1) }
    return (.dollarString, dollarEnd(in: bytes, delimiter: start..<index + 1))
  }

  private func dollarEnd(in bytes: Span<UInt8>, delimiter: Range<Int>) -> Int? {
    var index = delimiter.upperBound
    while let found = ByteSearch.firstIndex(of: Ascii.dollar, in: bytes, from: index) {
      guard found + delimiter.count <= bytes.count else { return nil }
      if (0..<delimiter.count).allSatisfy({ bytes[found + $0] == bytes[delimiter.lowerBound + $0] }) {
        return found + delimiter.count
      }
      index = found + 1
    }
    return nil
  }
}
