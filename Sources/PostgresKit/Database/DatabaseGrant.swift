/// One privilege on a database, as its ACL holds it (PostgreSQL, "Privileges").
package struct DatabaseGrant: Sendable, Hashable, Codable {
  package enum Privilege: String, Sendable, Hashable, Codable, CaseIterable {
    case create = "CREATE"
    case temporary = "TEMPORARY"
    case connect = "CONNECT"
  }

  package var grantor: String
  /// Nil for PUBLIC.
  package var grantee: String?
  package var privilege: Privilege
  /// Whether the grantee may grant it on.
  package var isGrantable: Bool

  /// What a database has whose ACL was never touched (`acldefault('d', owner)`).
  static func defaults(owner: String) -> [DatabaseGrant] {
    func grant(_ grantee: String?, _ privilege: Privilege) -> DatabaseGrant {
      DatabaseGrant(grantor: owner, grantee: grantee, privilege: privilege, isGrantable: false)
    }
    return [grant(nil, .temporary), grant(nil, .connect)] + Privilege.allCases.map { grant(owner, $0) }
  }
}

/// The statements that make a database's privileges what they shall be, grantors and grant options included.
struct GrantPlan: Sendable, Hashable {
  private(set) var changes: [DatabaseChange] = []
  /// Grants whose grantor has no grant option (any more): nobody can grant these.
  private(set) var unreachable: [DatabaseGrant] = []

  /// - Parameters:
  ///   - database: the name that the statements are run under.
  ///   - wanted: in the order of the ACL, which is kept as far as grantors come before whom they granted to.
  ///   - present: whom something is granted to now.
  init(database: String, owner: String, wanted: [DatabaseGrant], present: [DatabaseGrant]) {
    let name = Quoting.identifier(database)
    // From everybody, and all that hung on it: what is left is nothing, not the default.
    let grantees = Set(present.compactMap(\.grantee)).union([owner]).sorted()
    let revoked = (["PUBLIC"] + grantees.map(Quoting.identifier)).joined(separator: ", ")
    changes.append(DatabaseChange("REVOKE ALL ON DATABASE \(name) FROM \(revoked) CASCADE", .revoke))
    var waiting = wanted
    var grantable: Set<Right> = []
    while let index = waiting.firstIndex(where: { Self.canGrant($0, owner: owner, grantable) }) {
      let grant = waiting.remove(at: index)
      if grant.isGrantable, let grantee = grant.grantee { grantable.insert(Right(role: grantee, grant.privilege)) }
      add(grant, owner: owner, to: name)
    }
    unreachable = waiting
  }

  private struct Right: Hashable {
    var role: String
    var privilege: DatabaseGrant.Privilege

    init(role: String, _ privilege: DatabaseGrant.Privilege) {
      self.role = role
      self.privilege = privilege
    }
  }

  private static func canGrant(_ grant: DatabaseGrant, owner: String, _ grantable: Set<Right>) -> Bool {
    grant.grantor == owner || grantable.contains(Right(role: grant.grantor, grant.privilege))
  }

  private mutating func add(_ grant: DatabaseGrant, owner: String, to database: String) {
    let grantee = grant.grantee.map(Quoting.identifier) ?? "PUBLIC"
    let option = grant.isGrantable ? " WITH GRANT OPTION" : ""
    let statement = "GRANT \(grant.privilege.rawValue) ON DATABASE \(database) TO \(grantee)\(option)"
    // GRANTED BY accepts nobody but the current role.
    let sql =
      grant.grantor == owner
      ? [statement]
      : ["SET LOCAL ROLE \(Quoting.identifier(grant.grantor))", statement, "RESET ROLE"]
    changes += sql.map { DatabaseChange($0, .grant(grantor: grant.grantor)) }
  }
}
