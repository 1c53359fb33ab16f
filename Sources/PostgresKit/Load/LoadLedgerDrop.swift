package import RecoverBase

/// Takes back the record of a load that will not go on, from a database that others use.
package enum LoadLedgerDrop {
  /// What a load of single tables calls its dump, so that no other run goes on with it.
  package static func identity(of digest: Digest, run: String) -> String { "\(digest.hex)/\(run)" }

  /// Whether there is a record, and it is of this run.
  package static func isOf(run: String, _ connection: inout Connection) throws -> Bool {
    guard try LoadLedger.exists(&connection) else { return false }
    return try LoadLedger.read(&connection).identity.hasSuffix("/\(run)")
  }

  /// Drops the record, where it is of this run.
  ///
  /// - Throws: ``RecoverError`` `busy` while a dead runner's session still loads.
  package static func perform(run: String, _ connection: inout Connection) throws {
    guard try isOf(run: run, &connection) else { return }
    try connection.transaction { connection in
      try connection.execute("SET LOCAL lock_timeout = '60s'")
      _ = try connection.query("SELECT pg_catalog.pg_advisory_xact_lock(\(LoadLedger.lockKey))")
      try connection.execute("DROP SCHEMA recover_ledger CASCADE")
    }
  }
}
