internal import RecoverBase

extension LoadSession {
  /// Starts a COPY in the open transaction, opening one where none is.
  func beginCopy(_ copy: DumpCopy, at offset: Int64) throws {
    try flush()
    try open(at: offset)
    batch.units += 1
    batch.noteDraw()
    try connection.beginCopy(bytes: copy.statement.bytes)
  }

  func writeCopy(_ bytes: Span<UInt8>, rows: Int) throws {
    try connection.writeCopy(bytes)
    unconfirmedRows += Int64(rows)
  }

  func endCopy(_ table: SQLName) throws {
    unconfirmedRows = 0
    batch.rows[table, default: 0] += try connection.endCopy()
  }

  /// Whether a COPY into a table means the same when it is done in several parts.
  ///
  /// It does not where a trigger fires once a statement, or where rows refer to rows of the same table (or of the same
  /// partitioned table), which are checked at the end of a statement. Asked in the transaction that loaded the first part.
  func mayCut(_ table: SQLName) throws -> Bool {
    let name = table.schema.map { Quoting.identifier($0, table.name) } ?? Quoting.identifier(table.name)
    let answer = try connection.value(
      """
      WITH loaded AS (SELECT $1::regclass AS table, COALESCE(pg_partition_root($1::regclass), $1::regclass) AS root)
      SELECT NOT EXISTS (
          SELECT FROM loaded, pg_trigger AS t
          WHERE t.tgrelid = loaded.table AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 1 = 0)
        AND NOT EXISTS (
          SELECT FROM loaded, pg_constraint AS c, pg_trigger AS t
          WHERE c.contype = 'f' AND t.tgconstraint = c.oid AND t.tgenabled <> 'D'
            AND COALESCE(pg_partition_root(c.conrelid), c.conrelid) = loaded.root
            AND COALESCE(pg_partition_root(c.confrelid), c.confrelid) = loaded.root)
      """, [name])
    return answer == "t"
  }
}

extension LoadSession {
  /// Runs a statement now, by itself.
  func runNow(_ statement: SQLText) throws {
    try flush()
    let outcome = try connection.execute(bytes: statement.bytes)
    if batch.isOpen { batch.noteDraw() }
    _ = outcome
  }

  /// Drops what a CREATE INDEX CONCURRENTLY that was cut off left behind.
  func dropInvalidIndex(_ name: SQLName) throws {
    let quoted = name.schema.map { Quoting.identifier($0, name.name) } ?? Quoting.identifier(name.name)
    let isInvalid = try connection.value(
      "SELECT NOT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1)", [quoted])
    if isInvalid == "t" { try connection.execute("DROP INDEX \(quoted)") }
  }

  /// The rows that were sent, those of earlier lives and those not committed yet included.
  var rowCount: Int64 { rows.values.reduce(0, +) + batch.rows.values.reduce(0, +) + unconfirmedRows }

  /// Ends the load; the session's settings are its own again.
  func finish() throws {
    try resetSettings()
    try LoadLedger.finish(&connection, request.place, breadcrumb: request.breadcrumb)
  }
}
