internal import RecoverBase

extension MissingRight {
  /// What our role lacks to make a database.
  static func toCreate(
    _ creation: DatabaseCreation, _ account: Account, _ connection: inout Connection
  ) throws -> [MissingRight] {
    guard !account.isSuperuser else { return [] }
    var missing: [MissingRight] = []
    if !account.mayCreateDatabases { missing.append(.createDatabases(account.name)) }
    if let owner = creation.owner, owner != account.name, try account.otherRoles([owner], &connection).isEmpty {
      missing.append(.membership(in: owner, account.name, to: "make it the owner of a new database"))
    }
    if let tablespace = creation.tablespace {
      let query = """
        SELECT has_tablespace_privilege(oid, 'CREATE')
          OR oid = (SELECT dattablespace FROM pg_database WHERE datname = 'template0')
        FROM pg_tablespace WHERE spcname = $1
        """
      if try connection.value(query, [tablespace]) == "f" {
        missing.append(.createInTablespace(tablespace, account.name))
      }
    }
    return missing
  }

  /// What our role lacks to make a database and put it in the place of the live one, properties and all.
  package static func toSwap(
    _ facts: DatabaseFacts?, _ creation: DatabaseCreation, _ account: Account, _ connection: inout Connection
  ) throws -> [MissingRight] {
    guard !account.isSuperuser else { return [] }
    var missing = try toCreate(creation, account, &connection)
    guard let facts else { return missing }
    if try connection.value("SELECT pg_has_role($1::name, 'USAGE')", [facts.owner]) != "t" {
      missing.append(.ownership(of: facts.name, owner: facts.owner, account.name))
    }
    let grantors = Set(facts.grants.map(\.grantor)).subtracting([facts.owner])
    let reachable = try account.otherRoles(grantors, &connection).union([account.name])
    missing += grantors.subtracting(reachable).sorted().map { grantor in
      .membership(in: grantor, account.name, to: "repeat its grants on database \(facts.name)")
    }
    missing += try toSet(Set(facts.settings.map(\.name)), &connection).sorted().map { .setParameter($0, account.name) }
    missing += try toAlterRoles(facts.roleSettings, account, &connection)
    return missing
  }

  /// The parameters that take a right to be set for a database: a superuser's, and those of no module that is loaded.
  ///
  /// The privilege SET is there since 15; a parameter that our role may not see is a superuser's as well.
  private static func toSet(_ names: Set<String>, _ connection: inout Connection) throws -> [String] {
    guard !names.isEmpty else { return [] }
    let asked = String(decoding: try JSONValue.canonicalBytes(of: names.sorted()), as: UTF8.self)
    let granted = connection.serverVersion >= 150_000 ? "has_parameter_privilege(n, 'SET')" : "false"
    let query = """
      SELECT n FROM jsonb_array_elements_text($1::jsonb) AS n LEFT JOIN pg_settings AS s ON lower(s.name) = lower(n)
      WHERE coalesce(s.context NOT IN ('user', 'backend'), true) AND NOT \(granted)
      """
    return try connection.rows(query, [asked]).compactMap { $0.first ?? nil }
  }

  /// Settings of a role in a database are set by itself, or by who may create roles; since 16 that needs its ADMIN OPTION.
  private static func toAlterRoles(
    _ entries: [RoleSettings], _ account: Account, _ connection: inout Connection
  ) throws -> [MissingRight] {
    let roles = Set(entries.map(\.role)).subtracting([account.name])
    guard !roles.isEmpty else { return [] }
    let asked = String(decoding: try JSONValue.canonicalBytes(of: roles.sorted()), as: UTF8.self)
    let right = connection.serverVersion >= 160_000 ? "AND pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')" : ""
    let query = """
      SELECT n FROM jsonb_array_elements_text($1::jsonb) AS n JOIN pg_roles AS r ON r.rolname = n
      WHERE NOT r.rolsuper AND \(account.mayCreateRoles) \(right)
      """
    let alterable = Set(try connection.rows(query, [asked]).compactMap { $0.first ?? nil })
      .union(try account.otherRoles(roles, &connection))
    return roles.subtracting(alterable).sorted().map { .alterRoleSettings(of: $0, account.name) }
  }
}
