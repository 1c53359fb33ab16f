internal import RecoverBase

/// What our role may do on the server, by its attributes and the roles that it has the privileges of.
package struct Account: Sendable, Hashable, Codable {
  package var name: String
  package var isSuperuser: Bool
  package var mayCreateDatabases: Bool
  package var mayCreateRoles: Bool
  /// May end the sessions of other roles but superusers (pg_signal_backend).
  package var maySignal: Bool
  /// Sees other roles' sessions in full (pg_read_all_stats).
  package var maySeeSessions: Bool
  /// Sees every setting of the server (pg_read_all_settings).
  package var maySeeSettings: Bool
}

extension Account {
  /// Asks the server about the role that the connection acts as.
  package static func read(_ connection: inout Connection) throws -> Account {
    try connection.document(Account.self, query).orMissing("the server does not know our role")
  }

  private static let query = """
    SELECT jsonb_build_object(
      'name', rolname, 'isSuperuser', rolsuper,
      'mayCreateDatabases', rolsuper OR rolcreatedb, 'mayCreateRoles', rolsuper OR rolcreaterole,
      'maySignal', pg_has_role('pg_signal_backend', 'USAGE'),
      'maySeeSessions', pg_has_role('pg_read_all_stats', 'USAGE'),
      'maySeeSettings', pg_has_role('pg_read_all_settings', 'USAGE'))
    FROM pg_roles WHERE rolname = current_user
    """
}

extension Account {
  /// The other roles of these that we can become with SET ROLE.
  ///
  /// A superuser needs to become nobody else, so that for it there are none.
  func otherRoles(_ roles: some Sequence<String>, _ connection: inout Connection) throws -> Set<String> {
    guard !isSuperuser else { return [] }
    let right = connection.serverVersion >= 160_000 ? "SET" : "MEMBER"
    let asked = String(decoding: try JSONValue.canonicalBytes(of: Array(Set(roles)).sorted()), as: UTF8.self)
    let query = """
      SELECT r.rolname FROM pg_roles AS r, jsonb_array_elements_text($1::jsonb) AS n
      WHERE r.rolname = n AND r.rolname <> current_user AND pg_has_role(r.oid, '\(right)')
      """
    return Set(try connection.rows(query, [asked]).compactMap(\.first).compactMap { $0 })
  }
}
