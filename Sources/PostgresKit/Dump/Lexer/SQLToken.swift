/// One token of SQL text: its kind, and where it stands in the bytes it was found in.
struct SQLToken {
  enum Kind {
    /// A keyword or an unquoted identifier.
    case word
    /// `"name"` or `U&"name"`.
    case quotedIdentifier
    /// A literal in single quotes, with its prefix (`E`, `B`, `X`, `N`, `U&`) and continuations on further lines.
    case string
    /// `$tag$ ... $tag$`.
    case dollarString
    /// Digits, or a parameter such as `$1`.
    case number
    /// Any other byte; operators come byte by byte.
    case symbol
    /// Nothing but white space and comments was left.
    case end
    /// The bytes end inside a token, or before it can be told.
    case incomplete
  }

  var kind: Kind
  var start: Int
  var end: Int
}

/// What decides how bytes are split into tokens.
struct SQLSyntax: Sendable, Hashable {
  /// `standard_conforming_strings`: whether a backslash in a literal without prefix is just a backslash.
  var standardStrings = true
  /// How ``clientEncoding`` forms characters.
  private(set) var encoding = EncodingShape.plain
  /// The encoding of the bytes, by the name that the dump gives it; nil is not known.
  private(set) var clientEncoding: String?

  init(standardStrings: Bool = true, clientEncoding: String? = nil) {
    self.standardStrings = standardStrings
    self.clientEncoding = clientEncoding
    encoding = EncodingShape(clientEncoding: clientEncoding)
  }
}
