/// The options of a CREATE DATABASE; what is nil is left to the server.
package struct DatabaseCreation: Sendable, Hashable, Codable {
  package var owner: String?
  package var encoding: String?
  package var locale: LocaleChoice?
  package var tablespace: String?

  /// What is said of a locale: all of it, as a live database tells, or as much as a dump's statement does.
  package struct LocaleChoice: Sendable, Hashable, Codable {
    package var provider: DatabaseLocale.Provider?
    /// LOCALE: sets whatever the next three leave open.
    package var locale: String?
    package var collate: String?
    package var ctype: String?
    /// ICU_LOCALE or BUILTIN_LOCALE.
    package var name: String?
    package var rules: String?

    package init(
      provider: DatabaseLocale.Provider? = nil, locale: String? = nil, collate: String? = nil, ctype: String? = nil,
      name: String? = nil, rules: String? = nil
    ) {
      self.provider = provider
      self.locale = locale
      self.collate = collate
      self.ctype = ctype
      self.name = name
      self.rules = rules
    }
  }

  package init(
    owner: String? = nil, encoding: String? = nil, locale: LocaleChoice? = nil, tablespace: String? = nil
  ) {
    self.owner = owner
    self.encoding = encoding
    self.locale = locale
    self.tablespace = tablespace
  }

  /// What makes a database like the one that the facts are of.
  package init(like facts: DatabaseFacts) {
    let locale = facts.locale
    self.init(
      owner: facts.owner, encoding: facts.encoding,
      locale: LocaleChoice(
        provider: locale.provider, collate: locale.collate, ctype: locale.ctype, name: locale.name, rules: locale.rules),
      tablespace: facts.tablespace)
  }

  /// Everything as the server has it for a new database.
  package static let serverDefaults = DatabaseCreation()
}

extension DatabaseCreation {
  /// The statement as a person types it.
  package func statement(name: String, serverVersion: Int) -> String {
    sql(name: name, serverVersion: serverVersion, defaultTablespace: "pg_default", further: "ALLOW_CONNECTIONS true")
  }

  /// The statement; from template0, which alone may have another encoding and locale than the new database.
  ///
  /// - Parameters:
  ///   - serverVersion: decides which options are known: before 15 there is no provider, before 13 no LOCALE.
  ///   - defaultTablespace: naming it takes a right that leaving it out does not.
  ///   - further: options that come last.
  func sql(name: String, serverVersion: Int, defaultTablespace: String, further: String) -> String {
    var options = ["TEMPLATE template0"]
    if let owner { options.append("OWNER \(Quoting.identifier(owner))") }
    if let encoding { options.append("ENCODING \(Quoting.literal(encoding))") }
    if let locale { options += locale.options(serverVersion: serverVersion) }
    if let tablespace, tablespace != defaultTablespace {
      options.append("TABLESPACE \(Quoting.identifier(tablespace))")
    }
    return "CREATE DATABASE \(Quoting.identifier(name)) WITH \(options.joined(separator: " ")) \(further)"
  }
}

extension DatabaseCreation.LocaleChoice {
  /// LOCALE is written as the two categories that it stands for, so that servers before 13 understand it.
  fileprivate func options(serverVersion: Int) -> [String] {
    var options: [String] = []
    if let collate = collate ?? locale { options.append("LC_COLLATE \(Quoting.literal(collate))") }
    if let ctype = ctype ?? locale { options.append("LC_CTYPE \(Quoting.literal(ctype))") }
    guard serverVersion >= 150_000, let provider else { return options }
    switch provider {
    case .libc: options.append("LOCALE_PROVIDER libc")
    case .icu:
      options.append("LOCALE_PROVIDER icu")
      if let name = name ?? locale { options.append("ICU_LOCALE \(Quoting.literal(name))") }
      if let rules { options.append("ICU_RULES \(Quoting.literal(rules))") }
    case .builtin:
      options.append("LOCALE_PROVIDER builtin")
      if let name = name ?? locale { options.append("BUILTIN_LOCALE \(Quoting.literal(name))") }
    }
    return options
  }
}
