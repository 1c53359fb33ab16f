internal import RecoverBase

/// What a dump needs from the server that it is to be loaded into; names as in the dump, unquoted.
package struct Requirements: Sendable, Hashable, Codable {
  package var roles: Set<String>
  /// The roles that the dump makes owners of something.
  package var owners: Set<String>
  package var extensions: Set<String>
  /// Procedural languages that the dump uses or makes.
  package var languages: Set<String>
  package var tablespaces: Set<String>
  /// Of databases and of the dump's own bytes, as PostgreSQL names them.
  package var encodings: Set<String>
  /// Table and index access methods that the dump names but does not make.
  package var accessMethods: Set<String>

  package init(
    roles: Set<String> = [], owners: Set<String> = [], extensions: Set<String> = [], languages: Set<String> = [],
    tablespaces: Set<String> = [],
    encodings: Set<String> = [], accessMethods: Set<String> = []
  ) {
    self.roles = roles
    self.owners = owners
    self.extensions = extensions
    self.languages = languages
    self.tablespaces = tablespaces
    self.encodings = encodings
    self.accessMethods = accessMethods
  }
}

/// Something that a dump needs, and the server lacks or denies.
package struct UnmetRequirement: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case role, `extension`, language, tablespace, encoding, accessMethod
  }

  package var kind: Kind
  package var name: String
  /// Whether it is there, and only our role may not use it.
  package var isDenied: Bool
  package var message: String
  package var hint: String
}

extension Requirements {
  /// What the server lacks of these, in order of kind and name.
  package func unmet(_ account: Account, _ connection: inout Connection) throws -> [UnmetRequirement] {
    let asked = String(decoding: try JSONValue.canonicalBytes(of: encodings.sorted()), as: UTF8.self)
    let server = try connection.document(Offer.self, Self.query, [asked]).orMissing(
      "the server does not tell its offer")
    return missingRoles(server) + (try deniedOwners(server, account, &connection)) + missingExtensions(server, account)
      + missingLanguages(server)
      + missingTablespaces(server) + missingEncodings(server) + missingAccessMethods(server)
  }

  /// What the server has; of tablespaces and extensions, whether our role may use them.
  private struct Offer: Codable {
    struct Extension: Codable {
      var version: String?
      /// Whether only a superuser may make it.
      var isGuarded: Bool
    }

    var roles: Set<String>
    var extensions: [String: Extension]
    var languages: Set<String>
    var tablespaces: [String: Bool]
    /// Of those asked for, whether the server knows them, under whatever spelling.
    var encodings: [String: Bool]
    var accessMethods: Set<String>
  }

  /// `trusted` is there since 13.
  private static let query = """
    SELECT jsonb_build_object(
      'roles', (SELECT jsonb_agg(rolname) FROM pg_roles),
      'extensions', (SELECT coalesce(jsonb_object_agg(e.name, jsonb_build_object(
          'version', e.default_version,
          'isGuarded', v.superuser AND NOT coalesce((to_jsonb(v) ->> 'trusted')::bool, false))), '{}')
        FROM pg_available_extensions AS e
        JOIN pg_available_extension_versions AS v ON v.name = e.name AND v.version = e.default_version),
      'languages', (SELECT jsonb_agg(lanname) FROM pg_language),
      'tablespaces', (SELECT jsonb_object_agg(spcname, has_tablespace_privilege(oid, 'CREATE')) FROM pg_tablespace),
      'encodings', (SELECT coalesce(jsonb_object_agg(n, pg_char_to_encoding(n::name) >= 0), '{}')
        FROM jsonb_array_elements_text($1::jsonb) AS n),
      'accessMethods', (SELECT jsonb_agg(amname) FROM pg_am))
    """
}

extension Requirements {
  private func missingRoles(_ server: Offer) -> [UnmetRequirement] {
    roles.subtracting(server.roles).sorted().map { name in
      let quoted = Quoting.identifier(name)
      return UnmetRequirement(
        kind: .role, name: name, isDenied: false, message: "the dump names role \(name), which the server lacks",
        hint: "CREATE ROLE \(quoted); or restore the cluster's roles first (--with-roles, where the backup has them)")
    }
  }

  /// Whoever gives an object away must be able to become its new owner (PostgreSQL, "ALTER TABLE"); who owns the database
  /// is pg_database_owner without being its member elsewhere.
  private func deniedOwners(
    _ server: Offer, _ account: Account, _ connection: inout Connection
  ) throws -> [UnmetRequirement] {
    guard !account.isSuperuser else { return [] }
    let others = owners.intersection(server.roles).subtracting([account.name, "pg_database_owner"])
    return others.subtracting(try account.otherRoles(others, &connection)).sorted().map { name in
      let right = MissingRight.membership(in: name, account.name, to: "make it the owner of what the dump gives it")
      return UnmetRequirement(kind: .role, name: name, isDenied: true, message: right.message, hint: right.hint)
    }
  }

  private func missingExtensions(_ server: Offer, _ account: Account) -> [UnmetRequirement] {
    extensions.sorted().compactMap { name in
      guard let offer = server.extensions[name] else {
        return UnmetRequirement(
          kind: .extension, name: name, isDenied: false,
          message: "the dump needs extension \(name), which is not installed on the server's machine",
          hint: "install the package that holds \(name).control for this version of PostgreSQL")
      }
      guard offer.isGuarded, !account.isSuperuser else { return nil }
      return UnmetRequirement(
        kind: .extension, name: name, isDenied: true,
        message: "only a superuser may create extension \(name), and role \(account.name) is none",
        hint: "give a superuser's admin-url in the policy")
    }
  }

  /// A language can come with an extension of its name, which the dump then makes.
  private func missingLanguages(_ server: Offer) -> [UnmetRequirement] {
    let offered = server.languages.union(server.extensions.keys)
    return languages.subtracting(offered).sorted().map { name in
      UnmetRequirement(
        kind: .language, name: name, isDenied: false,
        message: "the dump has functions in language \(name), which the server lacks",
        hint: "install the package of \(name) for this version of PostgreSQL")
    }
  }

  private func missingTablespaces(_ server: Offer) -> [UnmetRequirement] {
    tablespaces.sorted().compactMap { name in
      let quoted = Quoting.identifier(name)
      guard let mayCreate = server.tablespaces[name] else {
        return UnmetRequirement(
          kind: .tablespace, name: name, isDenied: false,
          message: "the dump puts tables into tablespace \(name), which the server lacks",
          hint: "as superuser: CREATE TABLESPACE \(quoted) LOCATION 'an empty directory of the server'")
      }
      // What is made in the database's own default needs no right of its own.
      guard !mayCreate, name != "pg_default" else { return nil }
      return UnmetRequirement(
        kind: .tablespace, name: name, isDenied: true,
        message: "our role may not create anything in tablespace \(name)",
        hint: "GRANT CREATE ON TABLESPACE \(quoted) TO our role")
    }
  }

  private func missingEncodings(_ server: Offer) -> [UnmetRequirement] {
    encodings.filter { server.encodings[$0] != true }.sorted().map { name in
      UnmetRequirement(
        kind: .encoding, name: name, isDenied: false, message: "the server does not know the dump's encoding \(name)",
        hint: "convert the dump to UTF8 (iconv), and change its SET client_encoding")
    }
  }

  private func missingAccessMethods(_ server: Offer) -> [UnmetRequirement] {
    accessMethods.subtracting(server.accessMethods).sorted().map { name in
      UnmetRequirement(
        kind: .accessMethod, name: name, isDenied: false,
        message: "the dump uses access method \(name), which the server lacks",
        hint: "install the extension that provides \(name)")
    }
  }
}
