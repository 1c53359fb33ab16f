/// How a database compares and classifies text (PostgreSQL, "Locale Support").
package struct DatabaseLocale: Sendable, Hashable, Codable {
  package enum Provider: String, Sendable, Hashable, Codable, CaseIterable {
    case libc = "c"
    /// Since 15.
    case icu = "i"
    /// PostgreSQL's own, since 17.
    case builtin = "b"
  }

  package var provider: Provider
  package var collate: String
  package var ctype: String
  /// The provider's locale: of ICU or built in; nil for libc.
  package var name: String?
  /// Rules of ICU that refine the locale, since 16.
  package var rules: String?
  /// What the provider said when the database was made; never copied, since the text is sorted anew.
  package var version: String?

  package init(
    provider: Provider, collate: String, ctype: String, name: String? = nil, rules: String? = nil,
    version: String? = nil
  ) {
    self.provider = provider
    self.collate = collate
    self.ctype = ctype
    self.name = name
    self.rules = rules
    self.version = version
  }

  /// The same but for the version of the provider.
  func sorts(like other: DatabaseLocale) -> Bool {
    var copy = self
    copy.version = other.version
    return copy == other
  }
}
