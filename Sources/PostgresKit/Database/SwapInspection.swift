package import RecoverBase

/// Sessions in a database that look alike.
package struct SessionGroup: Sendable, Hashable, Codable {
  package var application: String
  package var user: String
  /// Nil where our role may not see it.
  package var state: String?
  package var count: Int
  /// When the oldest open transaction of them began; nil for none, and where our role may not see it.
  package var oldestTransaction: WallTime?
}

/// What is in the way of swapping a database, and who is in it.
package struct SwapInspection: Sendable, Hashable, Codable {
  package var obstacles: [SwapObstacle]
  package var sessions: [SessionGroup]

  package var refusals: [SwapObstacle] { obstacles.filter { $0.severity == .refuse } }
}

extension SwapInspection {
  /// Looks at everything that a swap of the database would fail at or cut off.
  ///
  /// - Parameters:
  ///   - facts: of the live database; nil where it is to be made.
  ///   - creation: how the new one is to be made.
  ///   - expectedWAL: about how much WAL the load will write; nil where nobody knows.
  package static func look(
    at facts: DatabaseFacts?, creation: DatabaseCreation, pooling: Pooling, expectedWAL: ByteCount? = nil,
    _ connection: inout Connection
  ) throws -> SwapInspection {
    let account = try Account.read(&connection)
    let limits = try ServerLimits.read(&connection)
    let surroundings = try SwapSurroundings.read(facts, &connection)
    var obstacles = surroundings.obstacles(database: facts?.name, limits: limits, expectedWAL: expectedWAL)
    let rights = try MissingRight.toSwap(facts, creation, account, &connection)
    obstacles += rights.map { SwapObstacle(.missingRight, .refuse, $0.subject, $0.message, hint: $0.hint) }
    obstacles += pooling.obstacles
    guard let facts else { return SwapInspection(obstacles: obstacles, sessions: []) }
    let sessions = try ServerSession.list(.databases([facts.oid]), &connection)
    obstacles += SwapObstacle.about(sessions, of: facts.name, account)
    obstacles += try SwapObstacle.aboutGrantors(of: facts, &connection)
    return SwapInspection(
      obstacles: obstacles.sorted { ($0.severity == .refuse ? 0 : 1) < ($1.severity == .refuse ? 0 : 1) },
      sessions: SessionGroup.groups(of: sessions))
  }
}

extension SessionGroup {
  /// The sessions by application, user and state; the largest group first.
  static func groups(of sessions: [ServerSession]) -> [SessionGroup] {
    struct Key: Hashable {
      var application: String
      var user: String
      var state: String?
    }
    let grouped = Dictionary(grouping: sessions) {
      Key(application: $0.applicationName, user: $0.user ?? "", state: $0.state)
    }
    return grouped.map { key, members in
      SessionGroup(
        application: key.application, user: key.user, state: key.state, count: members.count,
        oldestTransaction: members.compactMap(\.transactionStartedAt).min())
    }
    .sorted {
      ($1.count, $0.application, $0.user, $0.state ?? "") < ($0.count, $1.application, $1.user, $1.state ?? "")
    }
  }
}

extension SwapObstacle {
  /// The sessions that our role may not end, by user, and one line for all others.
  static func about(_ sessions: [ServerSession], of database: String, _ account: Account) -> [SwapObstacle] {
    let untouchable = Dictionary(grouping: sessions.filter { !$0.isTerminable }) { $0.user ?? "" }
    var obstacles = untouchable.sorted { $0.key < $1.key }.map { user, members in
      SwapObstacle(
        .untouchableSession, .refuse, user,
        "role \(account.name) may not end the sessions of \(user) in database \(database): "
          + members.prefix(3).map(\.description).joined(separator: "; "),
        hint: "close them; or give a superuser's admin-url; for an ordinary role's sessions GRANT pg_signal_backend TO "
          + Quoting.identifier(account.name) + " suffices")
    }
    let others = sessions.count - sessions.filter { !$0.isTerminable }.count
    if others > 0 {
      let applications = Set(sessions.map { $0.applicationName.isEmpty ? "unnamed" : $0.applicationName }).sorted()
      obstacles.append(
        SwapObstacle(
          .sessions, .warn, database,
          "\(others) session\(others == 1 ? "" : "s") in database \(database) will be ended: "
            + applications.prefix(5).joined(separator: ", "),
          hint: "applications must connect again by themselves, or be services that recover stops and starts"))
    }
    return obstacles
  }

  /// Privileges that can't be repeated as they are, because of who granted them.
  static func aboutGrantors(of facts: DatabaseFacts, _ connection: inout Connection) throws -> [SwapObstacle] {
    let others = Set(facts.grants.map(\.grantor)).subtracting([facts.owner])
    guard !others.isEmpty else { return [] }
    let plan = GrantPlan(database: facts.name, owner: facts.owner, wanted: facts.grants, present: [])
    let asked = String(decoding: try JSONValue.canonicalBytes(of: others.sorted()), as: UTF8.self)
    // Who has the owner's privileges grants in the owner's name, whoever it was before.
    let query = """
      SELECT r.rolname FROM pg_roles AS r, jsonb_array_elements_text($1::jsonb) AS n
      WHERE r.rolname = n AND pg_has_role(r.oid, $2::name, 'USAGE')
      """
    let ownerLike = Set(try connection.rows(query, [asked, facts.owner]).compactMap { $0.first ?? nil })
    let lost = plan.unreachable.map(\.grantor) + facts.grants.map(\.grantor).filter(ownerLike.contains)
    return Set(lost).sorted().map { grantor in
      SwapObstacle(
        .grantor, .warn, grantor,
        "what \(grantor) granted on database \(facts.name) will be granted by \(facts.owner) instead, or not at all",
        hint: "after the swap, compare \\l in psql; REVOKE such grants before it if they are stale")
    }
  }
}

extension Pooling {
  var obstacles: [SwapObstacle] {
    switch self {
    case .direct: []
    case .session:
      [
        SwapObstacle(
          .pooler, .warn, rawValue, "the connection leads through a pooler or proxy, which keeps its own connections",
          hint: Self.hint + "; PAUSE and RESUME of PgBouncer around the swap spare clients the errors")
      ]
    case .transaction:
      [
        SwapObstacle(
          .pooler, .refuse, rawValue, "the connection leads through a pooler that hands out connections by transaction",
          hint: Self.hint)
      ]
    }
  }
}
