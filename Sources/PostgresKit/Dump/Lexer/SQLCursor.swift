/// Walks over the tokens of one statement, for parsers that need only its head.
struct SQLCursor {
  /// The statement, or so much of its front as is looked at.
  let bytes: [UInt8]
  private var tokens: SQLTokenizer
  /// The token that the next call looks at.
  private(set) var token: SQLToken
  /// Where the token that was passed over last ends.
  private(set) var lastEnd = 0

  /// No head is longer: a table has at most 1600 columns of at most 63 bytes, four times in quotes.
  private static let headBytes = 1 << 20

  init(_ statement: Span<UInt8>, syntax: SQLSyntax, headBytes: Int = Self.headBytes) {
    let head = Array(copying: statement.extracting(0..<min(statement.count, headBytes)))
    var tokens = SQLTokenizer(syntax: syntax)
    token = tokens.next(in: head.span)
    self.tokens = tokens
    bytes = head
  }

  /// A cursor over SQL that stood inside of a literal, such as the name that setval is given.
  init(_ text: String) {
    self.init(Array(text.utf8).span, syntax: SQLSyntax())
  }

  private var clientEncoding: String? { tokens.syntax.clientEncoding }

  /// Whether the statement is over: at its `;`, or at the end of what is looked at.
  var isAtEnd: Bool {
    switch token.kind {
    case .end, .incomplete: true
    case .symbol: bytes[token.start] == Ascii.semicolon
    case .word, .quotedIdentifier, .string, .dollarString, .number: false
    }
  }

  /// Goes on to the next token.
  mutating func advance() {
    // A copy, so that the call does not need the whole cursor twice.
    var tokens = tokens
    lastEnd = token.end
    token = tokens.next(in: bytes.span)
    self.tokens = tokens
  }

  // MARK: Words and symbols

  /// Whether a keyword or a symbol of one character stands here.
  ///
  /// - Parameter text: in lower case.
  func isAt(_ text: StaticString) -> Bool {
    guard token.kind == .symbol else { return bytes.span.isWord(text, at: token) }
    return unsafe text.utf8CodeUnitCount == 1 && text.utf8Start.pointee == bytes[token.start]
  }

  /// Passes over a keyword or a symbol; false, and nothing is passed over, when another token stands here.
  mutating func take(_ text: StaticString) -> Bool {
    guard isAt(text) else { return false }
    advance()
    return true
  }

  /// Passes over a row of keywords; false, and nothing is passed over, when another row stands here.
  mutating func take(_ first: StaticString, _ second: StaticString, _ others: StaticString...) -> Bool {
    let before = self
    if take(first), take(second), others.allSatisfy({ take($0) }) { return true }
    self = before
    return false
  }

  /// Goes on to the next `keyword` outside of parentheses; false when the statement ends before it.
  mutating func skip(to keyword: StaticString) -> Bool {
    while !isAtEnd {
      if isAt(keyword) { return true }
      if isAt("(") { skipParentheses() } else { advance() }
    }
    return false
  }

  /// Passes over `( ... )`, where one begins here.
  mutating func skipParentheses() {
    guard isAt("(") else { return }
    var depth = 0
    repeat {
      if isAt("(") { depth += 1 } else if isAt(")") { depth -= 1 }
      advance()
    } while depth > 0 && token.kind != .end && token.kind != .incomplete
  }

  // MARK: Names and values

  /// A token's text, without decoding anything.
  func text(of range: Range<Int>) -> String { DumpText.string(bytes[range], clientEncoding: clientEncoding) }

  /// An identifier, folded to lower case or freed from its quotes; nil, and nothing is passed over, at any other token.
  mutating func identifier() -> String? {
    switch token.kind {
    case .word:
      let name = bytes[token.start..<token.end].map(Ascii.lowercased)
      advance()
      return DumpText.string(name, clientEncoding: clientEncoding)
    case .quotedIdentifier:
      let name = SQLLiteral.identifier(bytes[token.start..<token.end], clientEncoding: clientEncoding)
      advance()
      return name
    case .string, .dollarString, .number, .symbol, .end, .incomplete: return nil
    }
  }

  /// An identifier with its schema, or alone; of three parts the last two count.
  mutating func qualifiedName() -> SQLName? {
    guard var name = identifier() else { return nil }
    var schema: String?
    while isAt(".") {
      advance()
      guard let next = identifier() else { return nil }
      (schema, name) = (name, next)
    }
    return SQLName(schema: schema, name)
  }

  /// Names in parentheses, parted by commas; nil when something else stands there.
  mutating func nameList() -> [String]? {
    guard take("(") else { return nil }
    var names: [String] = []
    repeat {
      guard let name = identifier() else { return nil }
      names.append(name)
    } while take(",")
    return take(")") ? names : nil
  }

  /// The value of a literal; nil at any other token.
  mutating func literal() -> String? {
    switch token.kind {
    case .string, .dollarString:
      let value = SQLLiteral.value(
        of: bytes[token.start..<token.end], standardStrings: tokens.syntax.standardStrings,
        clientEncoding: clientEncoding)
      advance()
      return value
    case .word, .quotedIdentifier, .number, .symbol, .end, .incomplete: return nil
    }
  }
}
