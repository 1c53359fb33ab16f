internal import RecoverBase

/// One transaction of an exchange.
struct ExchangeAttempt {
  let exchange: TableExchange
  /// Whoever queues behind our lock waits as long.
  private static let lockTimeout = "2s"

  /// - Throws: ``RecoverError``; everything is rolled back then, unless the connection was lost at the commit.
  func run(
    _ connection: inout Connection, _ report: inout TableExchange.Report, until deadline: Deadline,
    at point: (TableExchange.Point) throws -> Void
  ) throws {
    connection.deadline = deadline
    let began: Moment
    do {
      try connection.execute("BEGIN; SET LOCAL lock_timeout = '\(Self.lockTimeout)'")
      // Done is what survives a crash: at least our own disk has it.
      _ = try connection.value(
        "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'")
      try lock(&connection)
      began = .now
      try point(.locked)
      report.restored = try exchangeTables(&connection, at: point)
      try check(&connection)
      try LiveAssertions.check(exchange.assertions, otherwise: "nothing was exchanged", &connection)
      try point(.beforeCommit)
    } catch {
      connection.rollBackWhateverHappens()
      throw error
    }
    try connection.commitDecisively()
    report.lockedNanoseconds = (Moment.now - began).nanoseconds
    try point(.afterCommit)
  }

  /// Every table that is changed: those of the exchange, and the others that foreign keys tie to them.
  private func lock(_ connection: inout Connection) throws {
    let own = oidArray(exchange.leaving + exchange.entering)
    let tables = try connection.rows(
      """
      SELECT oid::regclass FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[]) OR relkind = 'r' AND oid IN (
        SELECT unnest(ARRAY[conrelid, confrelid]) FROM pg_catalog.pg_constraint
        WHERE contype = 'f' AND (conrelid = ANY ($2::oid[]) OR confrelid = ANY ($2::oid[])))
      ORDER BY oid
      """, [own, oidArray(exchange.leaving)])
    let names = tables.map { "ONLY \($0[0] ?? "")" }.joined(separator: ", ")
    try connection.execute("LOCK TABLE \(names) IN ACCESS EXCLUSIVE MODE")
    guard try exchange.probe(&connection) == .notExchanged else {
      throw RecoverError(.busy, "somebody moved or replaced a table at the same time")
    }
  }

  /// - Returns: what was made anew.
  private func exchangeTables(
    _ connection: inout Connection, at point: (TableExchange.Point) throws -> Void
  ) throws -> [String] {
    let dependents = try Dependent.read(of: exchange.leaving, &connection)
    if let refused = dependents.first(where: { $0.refusal != nil }) {
      throw RecoverError(
        .stepFailed, "\(refused.identity) \(refused.refusal ?? "")",
        hint: "drop it and make it again afterwards, or restore to another database with --into NAME")
    }
    let ownKeys = try OutgoingKey.read(of: exchange.leaving, &connection)
    let publications = try TablePublication.read(of: exchange.leaving, &connection)
    for key in dependents where key.kind == .foreignKey { try dropKey(key, &connection) }
    for key in ownKeys { try connection.execute(key.drop) }
    for publication in publications { try connection.execute(publication.removal) }
    try makeRoom(aside: ownKeys.map(\.creation), &connection)
    try moveIn(&connection)
    try point(.moved)
    for statement in exchange.foreignKeys { try connection.execute(statement) }
    for key in dependents where key.kind == .foreignKey { try makeKey(key, &connection) }
    for publication in publications { try connection.execute(publication.addition) }
    for dependent in dependents { if let sql = dependent.restoration { try connection.execute(sql) } }
    return dependents.map(\.identity) + publications.map { "publication \($0.name) of \($0.table)" }
  }

  private func dropKey(_ key: Dependent, _ connection: inout Connection) throws {
    guard let table = key.relation, let name = key.definition?.name else { return }
    try connection.execute("ALTER TABLE \(table.quoted) DROP CONSTRAINT \(Quoting.identifier(name))")
  }

  private func makeKey(_ key: Dependent, _ connection: inout Connection) throws {
    guard let table = key.relation, let definition = key.definition, let name = definition.name else { return }
    let quoted = Quoting.identifier(name)
    // A table that only goes leaves nothing to refer to.
    guard exchange.items.contains(where: { $0.leavingOID == definition.references && $0.enteringOID != nil }) else {
      throw RecoverError(
        .stepFailed, "\(key.identity) refers to a table that had no one before it",
        hint: "drop the foreign key, and try again")
    }
    try connection.execute("ALTER TABLE ONLY \(table.quoted) ADD CONSTRAINT \(quoted) \(definition.text ?? "")")
    guard let comment = definition.comment else { return }
    try connection.execute("COMMENT ON CONSTRAINT \(quoted) ON \(table.quoted) IS \(Quoting.literal(comment))")
  }

  /// Moves the live tables to schemas of their own, whose comment says what belongs to them.
  private func makeRoom(aside keys: [String], _ connection: inout Connection) throws {
    let homes = exchange.items.filter { $0.leavingOID != nil }.map(\.schema)
    var breadcrumb = exchange.breadcrumb
    breadcrumb.foreignKeys = keys.isEmpty ? nil : keys
    let text = Quoting.literal(try breadcrumb.text())
    for home in exchange.destinations.homes where homes.contains(home) {
      let schema = Quoting.identifier(exchange.destinations.schema(exchange.destinationRole, of: home))
      try connection.execute("CREATE SCHEMA \(schema); COMMENT ON SCHEMA \(schema) IS \(text)")
    }
    for item in exchange.items {
      guard let oid = item.leavingOID else { continue }
      try move(item, oid, from: item.schema, to: exchange.destination(item), &connection)
    }
  }

  private func moveIn(_ connection: inout Connection) throws {
    for item in exchange.items {
      guard let oid = item.enteringOID else { continue }
      try move(item, oid, from: exchange.source(item), to: item.schema, &connection)
    }
    let empty = try connection.rows(
      """
      SELECT nspname FROM pg_catalog.pg_namespace AS n WHERE nspname = ANY ($1::text[])
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid)
      """, ["{\(exchange.sources.schemas(exchange.sourceRole).joined(separator: ","))}"])
    for schema in empty { try connection.execute("DROP SCHEMA \(Quoting.identifier(schema[0] ?? ""))") }
  }

  /// Indexes, constraints, sequences and the row type move with their table; statistics have to be told.
  private func move(
    _ item: TableExchange.Item, _ oid: UInt32, from old: String, to new: String, _ connection: inout Connection
  ) throws {
    let schema = Quoting.identifier(new)
    try connection.execute("ALTER TABLE \(Quoting.identifier(old, item.name)) SET SCHEMA \(schema)")
    let statistics = try connection.rows(
      """
      SELECT format('%I.%I', n.nspname, s.stxname) FROM pg_catalog.pg_statistic_ext AS s
      JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace WHERE s.stxrelid = $1::oid AND n.nspname = $2::name
      """, ["\(oid)", old])
    for row in statistics { try connection.execute("ALTER STATISTICS \(row[0] ?? "") SET SCHEMA \(schema)") }
  }

  /// Whether everything is as it shall be, before it counts.
  private func check(_ connection: inout Connection) throws {
    guard try exchange.probe(&connection) == .exchanged else {
      throw RecoverError(.checkFailed, "the tables are not where they should be", hint: "nothing was changed")
    }
    let left = try Dependent.read(of: exchange.leaving, &connection)
    guard let first = left.first else { return }
    throw RecoverError(
      .checkFailed, "\(first.identity) would still depend on the table that is replaced",
      hint: "this is a defect of recover; nothing was changed")
  }
}
