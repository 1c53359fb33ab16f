package import RecoverBase

/// Dropping a database of a known OID, with everybody who is connected to it.
package struct DatabaseDrop: Sendable, Hashable {
  package var name: String
  package var oid: UInt32

  package init(name: String, oid: UInt32) {
    self.name = name
    self.oid = oid
  }

  /// Closes the database, ends its sessions, and drops it.
  ///
  /// Nothing happens when no database has the OID any more.
  ///
  /// - Throws: ``RecoverError``: `wrongTarget` when the name leads to another OID; `busy` with what holds it: sessions
  ///   that our role may not end, a subscription, an active slot, a prepared transaction.
  package func perform(_ connection: inout Connection, until deadline: Deadline) throws {
    guard let facts = try DatabaseFacts.read(oid: oid, &connection) else { return }
    guard facts.name == name else {
      throw RecoverError(
        .wrongTarget, "the database with OID \(oid) is called \(facts.name) now, not \(name)",
        hint: "somebody renamed it; nothing was dropped")
    }
    guard !(try hasPreparedTransactions(&connection)) else {
      throw RecoverError(
        .busy, "database \(name) can't be dropped: it has prepared transactions",
        hint: "see pg_prepared_xacts; COMMIT PREPARED or ROLLBACK PREPARED them in that database")
    }
    let quoted = Quoting.identifier(name)
    if !facts.isBroken {
      try connection.alterDatabase(name, oid: oid) { connection in
        try connection.execute("ALTER DATABASE \(quoted) WITH ALLOW_CONNECTIONS false IS_TEMPLATE false")
      }
    }
    while true {
      let outcome = try Sessions.end(.databases([oid]), &connection, until: deadline)
      guard outcome.isClear else { throw outcome.error("database \(name) can't be dropped") }
      do {
        try connection.execute("DROP DATABASE \(quoted)")
        return
      } catch let error as RecoverError where error.sqlState == .objectInUse && !deadline.hasPassed {
        // A background process, which leaves by itself; or a subscription or slot, of which the last try tells.
        if try hasReplication(&connection) { throw described(error) }
        try connection.pause(.milliseconds(100))
      } catch let error as RecoverError where !connection.isLost {
        throw described(error)
      }
    }
  }

  private func described(_ error: RecoverError) -> RecoverError {
    guard let postgres = error.postgres else { return error }
    var described = postgres.recoverError("can't drop database \(name)")
    described.code = error.code
    return described
  }

  private func hasPreparedTransactions(_ connection: inout Connection) throws -> Bool {
    try connection.value("SELECT EXISTS (SELECT FROM pg_prepared_xacts WHERE database = $1)", [name]) == "t"
  }

  private func hasReplication(_ connection: inout Connection) throws -> Bool {
    try connection.value(
      """
      SELECT EXISTS (SELECT FROM pg_subscription WHERE subdbid = $1::oid)
        OR EXISTS (SELECT FROM pg_replication_slots WHERE datoid = $1::oid AND active)
      """, [String(oid)]) == "t"
  }
}

extension Connection {
  /// Changes a database in one transaction, only if its name leads to the OID from begin to end.
  ///
  /// Statements name databases, and somebody may rename one at any time; once a statement of `body` has changed the
  /// catalog's row, a rename waits for our commit, so that the second look is certain.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget`; `busy` when another transaction holds the database's row for 10 s.
  mutating func alterDatabase(
    _ name: String, oid: UInt32, _ body: (inout Connection) throws -> Void
  ) throws {
    try transaction { connection in
      // Somebody may hold the row, in a transaction that was left open.
      try connection.execute("SET LOCAL lock_timeout = '10s'")
      try connection.checkDatabase(name, oid: oid)
      try body(&connection)
      try connection.checkDatabase(name, oid: oid)
    }
  }

  /// - Throws: ``RecoverError`` `wrongTarget`.
  mutating func checkDatabase(_ name: String, oid: UInt32) throws {
    let found = try DatabaseFacts.oid(of: name, &self)
    guard found != oid else { return }
    throw RecoverError(
      .wrongTarget, "database \(name) \(found.map { "has OID \($0)" } ?? "does not exist"), not OID \(oid)",
      hint: "somebody replaced, renamed or dropped it since; nothing was changed")
  }
}
