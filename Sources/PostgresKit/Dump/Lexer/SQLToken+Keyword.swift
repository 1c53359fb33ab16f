extension Span<UInt8> {
  /// Whether a token is this keyword, in any case of letters.
  ///
  /// - Parameter keyword: ASCII, in lower case.
  func isWord(_ keyword: StaticString, at token: SQLToken) -> Bool {
    guard token.kind == .word, token.end - token.start == keyword.utf8CodeUnitCount else { return false }
    return keyword.withUTF8Buffer { letters in
      for index in 0..<letters.count {
        guard unsafe Ascii.lowercased(self[token.start + index]) == letters[index] else { return false }
      }
      return true
    }
  }
}
