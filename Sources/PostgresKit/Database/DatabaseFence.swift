package import RecoverBase

/// Keeps everybody out of a database, or from writing to it, while it is about to be replaced.
///
/// Committed at once, and so a debt until it is opened again. Every call is idempotent.
package struct DatabaseFence: Sendable, Hashable, Codable {
  package var database: String
  package var oid: UInt32

  package init(database: String, oid: UInt32) {
    self.database = database
    self.oid = oid
  }

  package enum State: String, Sendable, Hashable, Codable, CaseIterable {
    case open
    case readOnly = "read-only"
    case closed
    /// No database has the OID.
    case absent
  }

  /// What the fence did.
  package struct Report: Sendable, Hashable, Codable {
    package var ended: Int
    /// Sessions that our role may not end: they go on, a superuser's for instance.
    package var untouchable: [ServerSession]
    package var lingering: [ServerSession]
    /// Roles with a setting of their own that lets them write to a read-only database.
    package var writingRoles: [String]

    /// Whether nobody is left who could write.
    package var isTight: Bool { untouchable.isEmpty && lingering.isEmpty && writingRoles.isEmpty }
  }

  private static let readOnlySetting = "default_transaction_read_only"
}

extension DatabaseFence {
  /// Lets nobody in any more (superusers neither), and ends every session that is there.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget`, `missingRequirement`. Sessions that stay are no error here: they are in
  ///   the report.
  package func close(_ connection: inout Connection, until deadline: Deadline) throws -> Report {
    try connection.alterDatabase(database, oid: oid) { connection in
      try change("ALLOW_CONNECTIONS false", .attributes, &connection)
    }
    return try endSessions(&connection, until: deadline, writingRoles: [])
  }

  /// Makes every transaction read-only that does not ask for more, and ends every session, so that new ones obey.
  ///
  /// This holds back applications, not a person who types SET; a role with the same setting of its own goes by that one,
  /// and is reported.
  package func makeReadOnly(_ connection: inout Connection, until deadline: Deadline) throws -> Report {
    try connection.alterDatabase(database, oid: oid) { connection in
      try change("SET \(Self.readOnlySetting) TO 'on'", .setting(Self.readOnlySetting), &connection)
    }
    let query = """
      SELECT pg_get_userbyid(s.setrole) FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c (pair)
      WHERE s.setdatabase IN (0, $1::oid) AND s.setrole <> 0
        AND split_part(c.pair, '=', 1) = '\(Self.readOnlySetting)'
        AND lower(split_part(c.pair, '=', 2)) NOT IN ('on', 'true', 'yes', '1', 't', 'y')
      """
    let roles = try connection.rows(query, [String(oid)]).compactMap { $0.first ?? nil }
    return try endSessions(&connection, until: deadline, writingRoles: roles)
  }

  /// Takes the fence away: connections and read-only setting are as the facts from before tell.
  ///
  /// Sessions of a database that was read-only are ended, since they would stay so.
  package func reopen(
    as facts: DatabaseFacts, _ connection: inout Connection, until deadline: Deadline
  ) throws -> Report {
    let before = facts.settings.first { $0.name == Self.readOnlySetting }
    let wasReadOnly = try probe(&connection) == .readOnly
    try connection.alterDatabase(database, oid: oid) { connection in
      try change(before?.assignment ?? "RESET \(Self.readOnlySetting)", .setting(Self.readOnlySetting), &connection)
      try change("ALLOW_CONNECTIONS \(facts.allowsConnections)", .attributes, &connection)
    }
    let isReadOnly = try probe(&connection) == .readOnly
    guard wasReadOnly, !isReadOnly else { return Report(ended: 0, untouchable: [], lingering: [], writingRoles: []) }
    return try endSessions(&connection, until: deadline, writingRoles: [])
  }

  /// The statements that take the fence away, for a person.
  ///
  /// - Parameters:
  ///   - facts: what the database was like before; nil where nobody knows: then it lets everybody in.
  ///   - state: what the fence made of it.
  package func reopening(as facts: DatabaseFacts?, from state: State) -> String {
    let alter = "ALTER DATABASE \(Quoting.identifier(database))"
    guard state == .readOnly else { return "\(alter) ALLOW_CONNECTIONS \(facts?.allowsConnections ?? true)" }
    let before = facts?.settings.first { $0.name == Self.readOnlySetting }
    return "\(alter) \(before?.assignment ?? "RESET \(Self.readOnlySetting)")"
  }

  /// What the database lets in now, whatever its name is.
  package func probe(_ connection: inout Connection) throws -> State {
    guard let facts = try DatabaseFacts.read(oid: oid, &connection) else { return .absent }
    if !facts.allowsConnections { return .closed }
    let setting = facts.settings.first { $0.name == Self.readOnlySetting }?.value.lowercased()
    return switch setting {
    case "on", "true", "yes", "1", "t", "y": .readOnly
    default: .open
    }
  }

  private func change(
    _ action: String, _ purpose: DatabaseChange.Purpose, _ connection: inout Connection
  ) throws {
    try DatabaseChange("ALTER DATABASE \(Quoting.identifier(database)) \(action)", purpose).run(
      on: database, &connection)
  }

  /// Ends sessions until two looks in a row see none, nor one that is just starting.
  ///
  /// A session that passed the gate before it was shut holds a lock on the database until it is listed; the second look
  /// sees it on one side or the other.
  private func endSessions(
    _ connection: inout Connection, until deadline: Deadline, writingRoles: [String]
  ) throws -> Report {
    var ended = 0
    var quietLooks = 0
    while true {
      let starting = try hasStartingSessions(&connection)
      let outcome = try Sessions.end(.databases([oid]), &connection, until: deadline)
      ended += outcome.ended
      quietLooks = starting || outcome.ended > 0 ? 0 : quietLooks + 1
      if quietLooks >= 2 || deadline.hasPassed {
        return Report(
          ended: ended, untouchable: outcome.untouchable, lingering: outcome.lingering, writingRoles: writingRoles)
      }
    }
  }

  private func hasStartingSessions(_ connection: inout Connection) throws -> Bool {
    try connection.value(
      """
      SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_database'::regclass
        AND objid = $1::oid AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid())
      """, [String(oid)]) == "t"
  }
}
