internal import RecoverBase

/// One transaction of a swap.
struct SwapAttempt {
  let swap: DatabaseSwap
  let settings: ConnectionSettings
  let deadline: Deadline

  /// - Throws: ``RecoverError``; everything is rolled back then, unless the connection was lost at the commit.
  func run(
    _ connection: inout Connection, _ report: inout DatabaseSwap.Report, at point: (DatabaseSwap.Point) throws -> Void
  ) throws {
    connection.deadline = deadline
    try checkPreparedTransactions(&connection)
    var second = try Connection.administrative(settings, interruption: connection.interruption)
    second.deadline = deadline
    let ender = SessionEnder(second, databases: oids)
    report.ended += try ender.endOnce(until: deadline)
    report.attempts += 1
    let started: Moment
    do {
      try begin(&connection)
      try point(.begun)
      let notes = try copyProperties(&connection)
      try point(.propertiesCopied)
      started = .now
      report.ended += try rename(&connection, ender)
      try point(.renamed)
      try finishLeaving(&connection)
      try runStatements(&connection)
      report.notes = notes + (try check(&connection))
      try point(.beforeCommit)
    } catch {
      connection.rollBackWhateverHappens()
      throw error
    }
    try connection.commitDecisively()
    report.blockedNanoseconds = (Moment.now - started).nanoseconds
    try point(.afterCommit)
  }

  private var oids: [UInt32] { [swap.leaving?.oid, swap.entering?.oid].compactMap { $0 } }

  /// A prepared transaction keeps its database open though nobody is connected, and nothing but its own end helps.
  private func checkPreparedTransactions(_ connection: inout Connection) throws {
    let names = [swap.target, swap.entering?.name]
    let query = "SELECT gid, database FROM pg_prepared_xacts WHERE database IN ($1, $2) ORDER BY prepared"
    guard let first = try connection.rows(query, names).first else { return }
    let (gid, database) = (first[0] ?? "", first[1] ?? "")
    throw RecoverError(
      .stepFailed, "database \(database) can't be renamed: transaction \(gid) is prepared in it",
      hint:
        "in database \(database): COMMIT PREPARED \(Quoting.literal(gid)) or ROLLBACK PREPARED \(Quoting.literal(gid))")
  }

  private func begin(_ connection: inout Connection) throws {
    try connection.execute("BEGIN")
    // A CREATE DATABASE that copies one of them holds the lock that RENAME wants.
    try connection.execute("SET LOCAL lock_timeout = '10s'")
    // Done is what survives a crash: at least our own disk has it.
    _ = try connection.value(
      "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'")
    if let leaving = swap.leaving { try connection.checkDatabase(swap.target, oid: leaving.oid) }
    if let entering = swap.entering { try connection.checkDatabase(entering.name, oid: entering.oid) }
  }

  /// - Returns: what can't be copied exactly.
  private func copyProperties(_ connection: inout Connection) throws -> [String] {
    guard let entering = swap.entering, case .facts(let facts) = entering.properties else { return [] }
    let present = try DatabaseFacts.read(oid: entering.oid, &connection).orMissing("the new database is gone")
    let roles = try Account.read(&connection)
      .otherRoles(facts.roleSettings.map(\.role) + present.roleSettings.map(\.role), &connection)
    let plan = facts.changes(to: entering.name, present: present, roles: roles)
    for change in plan.changes { try change.run(on: entering.name, &connection) }
    return plan.unreachable.map { grant in
      "\(grant.privilege.rawValue) of \(grant.grantee ?? "PUBLIC") can't be repeated: \(grant.grantor), who granted it, "
        + "has no right to any more"
    }
  }

  /// - Returns: how many sessions had to be ended meanwhile.
  private func rename(_ connection: inout Connection, _ ender: SessionEnder) throws -> Int {
    do {
      return try BlockingThread.alongside("recover-sessions") {
        ender.run(until: $0)
      } _: {
        if let leaving = swap.leaving { try rename(swap.target, to: leaving.name, &connection) }
        if let entering = swap.entering { try rename(entering.name, to: swap.target, &connection) }
        return ender.ended
      }
    } catch let error as RecoverError where error.sqlState == .objectInUse {
      throw ender.explained(error)
    }
  }

  private func rename(_ name: String, to newName: String, _ connection: inout Connection) throws {
    let sql = "ALTER DATABASE \(Quoting.identifier(name)) RENAME TO \(Quoting.identifier(newName))"
    try DatabaseChange(sql, .rename).run(on: name, &connection)
  }

  private func finishLeaving(_ connection: inout Connection) throws {
    guard let leaving = swap.leaving else { return }
    let name = Quoting.identifier(leaving.name)
    var changes = [
      DatabaseChange("COMMENT ON DATABASE \(name) IS \(Quoting.literal(try leaving.breadcrumb.text()))", .comment)
    ]
    switch leaving.access {
    case .closed:
      changes.append(DatabaseChange("ALTER DATABASE \(name) ALLOW_CONNECTIONS false", .attributes))
    case .readOnly:
      let setting = "default_transaction_read_only"
      changes.append(DatabaseChange("ALTER DATABASE \(name) SET \(setting) TO 'on'", .setting(setting)))
    }
    for change in changes { try change.run(on: leaving.name, &connection) }
  }

  private func runStatements(_ connection: inout Connection) throws {
    guard let entering = swap.entering, case .statements(let statements) = entering.properties else { return }
    try DatabaseChange("COMMENT ON DATABASE \(Quoting.identifier(swap.target)) IS NULL", .comment)
      .run(on: swap.target, &connection)
    for statement in statements {
      do {
        try connection.execute(statement)
      } catch let error as RecoverError where !connection.isLost {
        guard let postgres = error.postgres else { throw error }
        var described = postgres.recoverError("a statement of the dump on database \(swap.target) failed")
        described.code = error.code
        throw described
      }
    }
  }

  /// Whether everything is as it shall be, before it counts.
  ///
  /// - Returns: differences that no transaction can mend, or that are only about who granted what.
  private func check(_ connection: inout Connection) throws -> [String] {
    guard case .swapped = try swap.probe(&connection) else {
      throw RecoverError(.busy, "somebody renamed a database at the same time")
    }
    guard let entering = swap.entering, case .facts(let facts) = entering.properties else { return [] }
    let present = try DatabaseFacts.read(oid: entering.oid, &connection).orMissing("the new database is gone")
    var notes: [String] = []
    for property in present.differs(from: facts) {
      let differsByGrantors = property == .grants && present.grantsToOthers == facts.grantsToOthers
      guard property.isFixedAtCreation || differsByGrantors else {
        throw RecoverError(
          .checkFailed, "database \(swap.target) would not get back its \(property.name) from before",
          hint: "this is a defect of recover, or somebody changed the database meanwhile; nothing was changed")
      }
      notes.append("the \(property.name) of database \(swap.target) are not exactly what they were")
    }
    return notes
  }
}

extension DatabaseFacts {
  /// Who may do what, whoever granted it.
  fileprivate var grantsToOthers: Set<DatabaseGrant> {
    Set(
      grants.map { grant in
        var copy = grant
        copy.grantor = owner
        return copy
      })
  }
}
