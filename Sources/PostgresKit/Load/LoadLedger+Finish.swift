internal import RecoverBase

extension LoadLedger {
  /// Ends the load in one transaction: the ledger goes, the breadcrumb comes, and with them all WAL is flushed.
  ///
  /// Event triggers of the dump would fire when the ledger is dropped; they are off for that moment, and then exactly
  /// as before. (Neither ALTER EVENT TRIGGER nor COMMENT ON DATABASE fires any: PostgreSQL, "Event Trigger Firing
  /// Matrix".)
  ///
  /// The event triggers of a live database see the ledger go, as they saw it come: they are other people's.
  static func finish(_ connection: inout Connection, _ place: LoadPlace, breadcrumb: String) throws {
    let database = connection.database
    if case .schema(let schema) = place {
      try connection.transaction { connection in
        try connection.execute("SET LOCAL synchronous_commit = on; DROP SCHEMA recover_ledger CASCADE")
        try connection.execute("COMMENT ON SCHEMA \(Quoting.identifier(schema)) IS \(Quoting.literal(breadcrumb))")
      }
      return
    }
    try connection.transaction { connection in
      // The commits before it did not wait for the disk; a commit record that is flushed takes them along.
      try connection.execute("SET LOCAL synchronous_commit = on")
      let triggers = try connection.rows(
        "SELECT evtname, evtenabled FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' ORDER BY evtname")
      for trigger in triggers {
        try connection.execute("ALTER EVENT TRIGGER \(Quoting.identifier(trigger[0] ?? "")) DISABLE")
      }
      try connection.execute("DROP SCHEMA recover_ledger CASCADE")
      for trigger in triggers {
        let mode = trigger[1] == "R" ? " REPLICA" : trigger[1] == "A" ? " ALWAYS" : ""
        try connection.execute("ALTER EVENT TRIGGER \(Quoting.identifier(trigger[0] ?? "")) ENABLE\(mode)")
      }
      try connection.execute(
        "COMMENT ON DATABASE \(Quoting.identifier(database)) IS \(Quoting.literal(breadcrumb))")
    }
  }
}
