extension DatabaseCreation {
  /// Reads a CREATE DATABASE statement, as pg_dump and people write them.
  ///
  /// Template, connection limit, template flag and what says nothing of the new database's form are passed over.
  ///
  /// - Returns: the database's name and the options; nil for anything else than one such statement.
  package static func parse(_ statement: String) -> (name: String, creation: DatabaseCreation)? {
    guard var words = Words(statement), words.skip("CREATE"), words.skip("DATABASE"), let name = words.name() else {
      return nil
    }
    _ = words.skip("WITH")
    var creation = DatabaseCreation()
    var locale = LocaleChoice()
    while let option = words.keyword() {
      // CONNECTION LIMIT is the only option of two words.
      if option == "CONNECTION", !words.skip("LIMIT") { return nil }
      words.skipEqualsSign()
      guard let value = words.name() else { return nil }
      switch option {
      case "OWNER": creation.owner = value
      case "ENCODING": creation.encoding = value
      case "TABLESPACE": creation.tablespace = value
      case "LOCALE": locale.locale = value
      case "LC_COLLATE": locale.collate = value
      case "LC_CTYPE": locale.ctype = value
      case "ICU_LOCALE", "BUILTIN_LOCALE": locale.name = value
      case "ICU_RULES": locale.rules = value
      case "LOCALE_PROVIDER":
        guard let provider = provider(value) else { return nil }
        locale.provider = provider
      case "TEMPLATE", "STRATEGY", "COLLATION_VERSION", "ALLOW_CONNECTIONS", "CONNECTION", "IS_TEMPLATE", "OID": break
      default: return nil
      }
    }
    guard words.isAtEnd else { return nil }
    if locale != LocaleChoice() { creation.locale = locale }
    return (name, creation.withoutDefaults())
  }

  private static func provider(_ name: String) -> DatabaseLocale.Provider? {
    switch name.lowercased() {
    case "libc": .libc
    case "icu": .icu
    case "builtin": .builtin
    default: nil
    }
  }

  /// DEFAULT as a value means as much as no option.
  private func withoutDefaults() -> DatabaseCreation {
    var copy = self
    if copy.encoding?.lowercased() == "default" { copy.encoding = nil }
    if copy.owner == "default" { copy.owner = nil }
    if copy.tablespace == "default" { copy.tablespace = nil }
    return copy
  }
}

/// The words of a short SQL statement, one after the other.
private struct Words {
  private enum Word: Equatable {
    /// Unquoted; in lower case, as the server folds it.
    case bare(String)
    /// An identifier in double quotes, a string, or a number.
    case value(String)
    case equals
  }

  private var words: ArraySlice<Word>

  var isAtEnd: Bool { words.isEmpty }

  /// Nil where a quotation is left open, or a character occurs that no such statement has.
  init?(_ text: String) {
    var scanner = Scanner(rest: Substring(text).unicodeScalars)
    var words: [Word] = []
    while let scalar = scanner.rest.first {
      switch scalar {
      case " ", "\t", "\n", "\r":
        scanner.rest.removeFirst()
      case ";":
        scanner.rest.removeFirst()
        guard scanner.rest.allSatisfy(\.properties.isWhitespace) else { return nil }
      case "=":
        scanner.rest.removeFirst()
        words.append(.equals)
      case "\"":
        guard let name = scanner.quoted(by: "\"", escapes: false) else { return nil }
        words.append(.value(name))
      case "'":
        guard let string = scanner.quoted(by: "'", escapes: false) else { return nil }
        words.append(.value(string))
      case "E" where scanner.isNext("'"), "e" where scanner.isNext("'"):
        scanner.rest.removeFirst()
        guard let string = scanner.quoted(by: "'", escapes: true) else { return nil }
        words.append(.value(string))
      default:
        guard let word = scanner.word() else { return nil }
        words.append(.bare(word.lowercased()))
      }
    }
    self.words = words[...]
  }

  mutating func skip(_ keyword: String) -> Bool {
    guard words.first == .bare(keyword.lowercased()) else { return false }
    words.removeFirst()
    return true
  }

  mutating func skipEqualsSign() { if words.first == .equals { words.removeFirst() } }

  mutating func keyword() -> String? {
    guard case .bare(let word) = words.first else { return nil }
    words.removeFirst()
    return word.uppercased()
  }

  mutating func name() -> String? {
    switch words.first {
    case .bare(let text), .value(let text):
      words.removeFirst()
      return text
    case .equals, nil: return nil
    }
  }
}

private struct Scanner {
  var rest: Substring.UnicodeScalarView

  func isNext(_ scalar: Unicode.Scalar) -> Bool { rest.dropFirst().first == scalar }

  mutating func word() -> String? {
    let word = rest.prefix {
      $0.value >= 0x80 || $0.properties.isAlphabetic || "0123456789_$-.".unicodeScalars.contains($0)
    }
    rest.removeFirst(word.count)
    return word.isEmpty ? nil : String(word)
  }

  /// What stands between two marks, where a doubled mark means one; in the escape syntax also what `\\` and `\'` mean.
  mutating func quoted(by mark: Unicode.Scalar, escapes: Bool) -> String? {
    var text = String.UnicodeScalarView()
    rest.removeFirst()
    while let scalar = rest.popFirst() {
      if scalar == mark {
        guard rest.first == mark else { return String(text) }
        rest.removeFirst()
        text.append(mark)
      } else if escapes, scalar == "\\" {
        guard let escaped = rest.popFirst() else { return nil }
        // pg_dump writes no other ones than of a backslash and a mark.
        guard escaped == "\\" || escaped == mark else { return nil }
        text.append(escaped)
      } else {
        text.append(scalar)
      }
    }
    return nil
  }
}
