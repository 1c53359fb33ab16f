internal import RecoverBase

/// What would be made without an error, and then mean something else.
extension StagingRehearsal {
  /// - Parameter staged: the new tables, by the OID of the live one.
  func changedMeanings(_ staged: [UInt32: UInt32], _ connection: inout Connection) throws -> [String] {
    var problems: [String] = []
    for table in live {
      guard let oid = staged[table.oid] else { continue }
      problems += try namingColumns(of: oid, table, &connection)
      problems += try movedColumns(of: oid, table, &connection)
      problems += try missingIdentity(of: oid, table, &connection)
    }
    return problems
  }

  /// Columns whose values name tables: they are looked up while the name is still the old table's.
  private func namingColumns(
    of staged: UInt32, _ table: ExchangeTable, _ connection: inout Connection
  ) throws -> [String] {
    try connection.rows(
      """
      SELECT a.attname FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
        AND ARRAY[t.oid, t.typelem, t.typbasetype]
          && ARRAY['pg_catalog.regclass'::regtype, 'pg_catalog.regtype'::regtype]::oid[]
      ORDER BY a.attnum
      """, ["\(staged)"]
    ).map { "column \($0[0] ?? "") of \(table.sqlName) names tables, and would name the one that is replaced" }
  }

  /// More than so much is not read to look for names of tables.
  private static let readBytes: Int64 = 256 << 20

  /// Values of other live tables that name the tables: they go on naming the ones that are replaced.
  func namingValues(_ connection: inout Connection) throws -> [String] {
    let oids = oidArray(live.map(\.oid))
    let columns = try connection.rows(
      """
      SELECT c.oid::regclass, a.attname, pg_catalog.pg_relation_size(c.oid)
      FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE a.atttypid = 'pg_catalog.regclass'::regtype AND a.attnum > 0 AND NOT a.attisdropped
        AND c.relkind IN ('r', 'm') AND c.oid <> ALL ($1::oid[]) AND n.nspname !~ '^(pg|recover)_'
        AND n.nspname <> 'information_schema' ORDER BY 1, 2
      """, [oids])
    var remarks: [String] = []
    for row in columns {
      let (table, column) = (row[0] ?? "", row[1] ?? "")
      guard let size = row[2].flatMap({ Int64($0) }), size <= Self.readBytes else {
        remarks.append("column \(column) of \(table) may name the tables, and would go on naming the replaced ones")
        continue
      }
      var found: String?
      _ = try attempt(&connection) { connection in
        found = try connection.value(
          "SELECT true FROM \(table) WHERE \(Quoting.identifier(column))::oid = ANY ($1::oid[]) LIMIT 1", [oids])
      }
      if found != nil {
        remarks.append("values of column \(column) of \(table) name the tables, and will name the replaced ones")
      }
    }
    return remarks
  }

  /// Definitions that name columns by their place, `FROM t q(a, b)`, where the backup has them in another order.
  private func movedColumns(
    of staged: UInt32, _ table: ExchangeTable, _ connection: inout Connection
  ) throws -> [String] {
    let before = try columns(of: table.oid, &connection)
    let after = try columns(of: staged, &connection)
    // A column that was added at the end, since the backup or before it, moves no other one.
    guard !before.starts(with: after), !after.starts(with: before) else { return [] }
    return dependents.filter { dependent in
      dependent.refusal == nil && dependent.columns.contains { $0.table == table.oid }
        && [dependent.definition?.text, dependent.definition?.check].contains { Self.namesColumnsByPlace($0 ?? "") }
    }.map { "\($0.identity) names columns of \(table.sqlName) by their place, and the backup has another order" }
  }

  private func columns(of table: UInt32, _ connection: inout Connection) throws -> [String] {
    try connection.rows(
      """
      SELECT attname FROM pg_catalog.pg_attribute
      WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
      """, ["\(table)"]
    ).compactMap { $0[0] }
  }

  /// Whether a definition, as the server prints it, may have an alias with a list of columns: a name behind a name or a
  /// parenthesis, and before a parenthesis.
  ///
  /// The server writes keywords in capitals, and a name in capitals in quotes.
  static func namesColumnsByPlace(_ definition: String) -> Bool {
    let bytes = Array(definition.utf8)
    var tokenizer = SQLTokenizer(syntax: SQLSyntax())
    var last: [Piece] = [.other, .other]
    while true {
      let token = tokenizer.next(in: bytes.span)
      let piece: Piece
      switch token.kind {
      case .end, .incomplete: return false
      case .quotedIdentifier: piece = .name
      case .word: piece = bytes[token.start..<token.end].contains { (0x61...0x7a).contains($0) } ? .name : .other
      case .symbol where bytes[token.start] == 0x28: piece = .opening
      case .symbol where bytes[token.start] == 0x29: piece = .closing
      case .symbol, .string, .dollarString, .number: piece = .other
      }
      if piece == .opening, last[1] == .name, last[0] == .name || last[0] == .closing { return true }
      last = [last[1], piece]
    }
  }

  private enum Piece { case name, opening, closing, other }

  /// A table whose updates are published and that has nothing to tell its rows by refuses every one of them.
  private func missingIdentity(
    of staged: UInt32, _ table: ExchangeTable, _ connection: inout Connection
  ) throws -> [String] {
    try connection.rows(
      """
      SELECT p.pubname FROM pg_catalog.pg_publication AS p
      JOIN pg_catalog.pg_publication_tables AS l ON l.pubname = p.pubname
      JOIN pg_catalog.pg_class AS n ON n.oid = $2::oid
      WHERE l.schemaname = $3::name AND l.tablename = $4::name AND (p.pubupdate OR p.pubdelete)
        AND NOT (n.relreplident = 'f' OR EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = n.oid
          AND (n.relreplident = 'i' AND i.indisreplident OR n.relreplident = 'd' AND i.indisprimary)))
        AND EXISTS (SELECT FROM pg_catalog.pg_class AS o WHERE o.oid = $1::oid
          AND (o.relreplident = 'f' OR EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = o.oid
            AND (o.relreplident = 'i' AND i.indisreplident OR o.relreplident = 'd' AND i.indisprimary))))
      ORDER BY p.pubname
      """, ["\(table.oid)", "\(staged)", table.schema, table.name]
    ).map {
      "publication \($0[0] ?? "") publishes updates of \(table.sqlName), and the backup's has no replica identity: the "
        + "server would refuse every one"
    }
  }
}
