package import RecoverBase

/// Tables trade places with those that have their names: in one transaction, whose parts nobody ever sees.
///
/// Those that come in stand in schemas of their own; those that go out get schemas of their own, with a breadcrumb. What
/// depends on the names finds the new tables afterwards: views, functions, policies, rules, foreign keys of other tables,
/// publications. The same exchange the other way round undoes it.
package struct TableExchange: Sendable, Hashable {
  package var items: [Item]
  /// The schemas that the tables come from, by the schema that they go to; dropped in the exchange, when they are empty.
  package var sources: ExchangePlaces
  package var sourceRole: SideRole
  /// Where those that go out are kept.
  package var destinations: ExchangePlaces
  package var destinationRole: SideRole
  /// The comment of the schemas of those that go out.
  package var breadcrumb: Breadcrumb
  /// Foreign keys of the tables that come in, to tables that stay, in SQL; none is there before.
  package var foreignKeys: [String]
  /// What has to hold once the tables have traded places, or nothing is committed.
  package var assertions: [ProofRequest.Assertion] = []

  package init(
    items: [Item], sources: ExchangePlaces, sourceRole: SideRole, destinations: ExchangePlaces,
    destinationRole: SideRole, breadcrumb: Breadcrumb, foreignKeys: [String]
  ) {
    self.items = items
    self.sources = sources
    self.sourceRole = sourceRole
    self.destinations = destinations
    self.destinationRole = destinationRole
    self.breadcrumb = breadcrumb
    self.foreignKeys = foreignKeys
  }

  /// One name, and the tables that trade it.
  package struct Item: Sendable, Hashable, Codable {
    package var schema: String
    package var name: String
    /// Nil where a table only goes: an exchange is undone that brought a table back which was dropped.
    package var enteringOID: UInt32?
    /// Nil where the name is free.
    package var leavingOID: UInt32?

    package init(schema: String, name: String, enteringOID: UInt32?, leavingOID: UInt32?) {
      self.schema = schema
      self.name = name
      self.enteringOID = enteringOID
      self.leavingOID = leavingOID
    }

    package var sqlName: SQLName { SQLName(schema: schema, name) }
  }

  /// The places where a run can be made to crash.
  package enum Point: String, Sendable, Hashable, CaseIterable {
    case locked
    case moved
    case beforeCommit = "before-commit"
    case afterCommit = "after-commit"
  }

  package struct Report: Sendable, Hashable, Codable {
    package var attempts = 0
    /// How long the tables were locked, in the attempt that went through; nil where a dead runner made it.
    package var lockedNanoseconds: Int64?
    /// What was made anew, for people.
    package var restored: [String] = []

    package init() {}
  }

  package enum State: Sendable, Hashable {
    case notExchanged
    case exchanged
    case unknown(String)
  }

  package var leaving: [UInt32] { items.compactMap(\.leavingOID) }
  package var entering: [UInt32] { items.compactMap(\.enteringOID) }

  func source(_ item: Item) -> String { sources.schema(sourceRole, of: item.schema) }
  func destination(_ item: Item) -> String { destinations.schema(destinationRole, of: item.schema) }
}

extension TableExchange {
  /// Where the tables are, told by their OIDs.
  package func probe(_ connection: inout Connection) throws -> State {
    let rows = try connection.rows(
      """
      SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])
      """, [oidArray(leaving + entering)])
    var found: [UInt32: SQLName] = [:]
    for row in rows {
      if let oid = row[0].flatMap({ UInt32($0) }) { found[oid] = SQLName(schema: row[1], row[2] ?? "") }
    }
    func isAt(_ oid: UInt32?, _ schema: String, _ item: Item) -> Bool {
      oid.map { found[$0] == SQLName(schema: schema, item.name) } ?? true
    }
    if items.allSatisfy({ isAt($0.leavingOID, $0.schema, $0) && isAt($0.enteringOID, source($0), $0) }) {
      return .notExchanged
    }
    if items.allSatisfy({ isAt($0.enteringOID, $0.schema, $0) && isAt($0.leavingOID, destination($0), $0) }) {
      return .exchanged
    }
    let stray = items.first { !isAt($0.leavingOID, $0.schema, $0) || !isAt($0.enteringOID, source($0), $0) }
    let places = stray.map { item in
      [item.leavingOID, item.enteringOID].compactMap { $0 }
        .map { oid in "OID \(oid) is \(found[oid].map(\.description) ?? "gone")" }.joined(separator: ", ")
    }
    return .unknown("\(stray.map { "\($0.sqlName)" } ?? "a table"): \(places ?? "")")
  }

  /// Exchanges, unless it is done already.
  ///
  /// All locks are taken at once, in the order of OIDs, and never waited for longer than two seconds: whoever comes after
  /// us would wait behind us. It is tried again until the deadline. When the connection is lost around the commit, the
  /// catalog tells what came of it.
  ///
  /// - Parameters:
  ///   - point: is called at each ``Point``.
  ///   - waiting: is told who holds a table, before the next try.
  /// - Throws: ``RecoverError``: `busy` with the sessions in the way, `wrongTarget` when the tables are not where they
  ///   should be, `missingRequirement`, `stepFailed` where something depends on the tables that can't be made anew or a
  ///   foreign key refuses a row; nothing is changed then.
  package func perform(
    _ settings: ConnectionSettings, interruption: Interruption? = nil, until deadline: Deadline,
    at point: (Point) throws -> Void = { _ in }, waiting: (String) -> Void = { _ in }
  ) throws -> Report {
    var report = Report()
    while true {
      do {
        var connection = try Connection.administrative(settings, interruption: interruption)
        switch try probe(&connection) {
        case .exchanged: return report
        case .unknown(let what):
          throw RecoverError(
            .wrongTarget, "the tables are not where the plan left them: \(what)",
            hint: "somebody moved, replaced or dropped one; nothing was changed")
        case .notExchanged: break
        }
        report.attempts += 1
        do {
          try ExchangeAttempt(exchange: self).run(&connection, &report, until: deadline, at: point)
        } catch let error as RecoverError where error.sqlState == .lockNotAvailable {
          throw explained(error, try? holders(&connection))
        }
        return report
      } catch let error as RecoverError where error.code == .busy || error.code == .connectionLost {
        guard !deadline.hasPassed else { throw error }
        waiting(error.message)
        try (interruption ?? Interruption()).pause(.milliseconds(200))
      }
    }
  }

  private func explained(_ error: RecoverError, _ holders: [String]?) -> RecoverError {
    var error = error
    let names = holders ?? []
    error.message = "a table is in use" + (names.isEmpty ? "" : " by \(names.joined(separator: ", "))")
    error.hint = "its transaction has to end: wait for it, or SELECT pg_terminate_backend(PID), and run it again"
    return error
  }

  /// The sessions with locks on the tables, those that last longest first.
  private func holders(_ connection: inout Connection) throws -> [String] {
    try connection.rows(
      """
      SELECT format('pid %s (%s as %s, %s)', a.pid, COALESCE(NULLIF(a.application_name, ''), 'unnamed'), a.usename,
        a.state)
      FROM pg_stat_activity AS a WHERE a.pid <> pg_backend_pid() AND a.datname = current_database() AND EXISTS (
        SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND l.granted AND l.relation = ANY ($1::oid[]))
      ORDER BY a.xact_start LIMIT 5
      """, [oidArray(leaving + entering)]
    ).compactMap { $0[0] }
  }
}
