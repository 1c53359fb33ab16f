internal import RecoverBase

/// What of a backup's rows the live table lacks, has, and has with other content, and what would refuse them there:
/// looks only.
package struct RowsCheck: Sendable {
  package let match: RowsMatch
  /// The backup's table beside the live one, quoted.
  package let staged: String

  package init(_ match: RowsMatch, staged: SQLName) {
    self.match = match
    self.staged = Quoting.identifier(staged.schema ?? "", staged.name)
  }

  package struct Counts: Sendable, Hashable, Codable {
    package var backupRows: Int64 = 0
    /// Rows whose key no live row has.
    package var missing: Int64 = 0
    /// Rows whose key a live row has, with other content in a shared column.
    package var differing: Int64 = 0
    /// A few of the keys of those.
    package var differingKeys: [String] = []
  }

  package func count(_ connection: inout Connection) throws -> Counts {
    // A key itself says nothing: a composite value whose fields are NULL is NULL to IS NULL.
    let joined = "FROM \(staged) AS s LEFT JOIN \(match.live) AS l ON \(match.matches)"
    let row = try connection.rows(
      """
      SELECT count(*), count(*) FILTER (WHERE l.tableoid IS NULL),
        count(*) FILTER (WHERE l.tableoid IS NOT NULL AND \(match.differs)) \(joined)
      """
    ).first?.map { $0.flatMap { Int64($0) } ?? 0 }
    var counts = Counts(backupRows: row?[0] ?? 0, missing: row?[1] ?? 0, differing: row?[2] ?? 0)
    guard counts.differing > 0 else { return counts }
    counts.differingKeys = try connection.rows(
      """
      SELECT \(match.keyText(of: "l")) FROM \(staged) AS s JOIN \(match.live) AS l ON \(match.matches)
      WHERE \(match.differs) LIMIT \(RowsMatch.namedKeys)
      """
    ).compactMap { $0[0] }
    return counts
  }

  /// What keeps the server from understanding the insertion, or us from seeing every row.
  ///
  /// In an open transaction that is rolled back anyway.
  package func obstacles(_ connection: inout Connection) throws -> [String] {
    do {
      try connection.execute("SET LOCAL row_security = off; EXPLAIN \(match.insertion(from: staged))")
      _ = try connection.value(
        "EXPLAIN SELECT \(match.differs), \(match.fingerprint) FROM \(match.live) AS l, \(staged) AS s")
      return []
    } catch let error as RecoverError where error.postgres != nil && !connection.isLost && error.code != .interrupted {
      return [error.postgres?.message ?? error.message]
    }
  }

  /// What constraints of the live table would refuse: foreign keys, and checks, each with the number of rows.
  package func violations(_ connection: inout Connection) throws -> [KeyViolations] {
    try foreignKeys(&connection) + checks(&connection)
  }
}

// MARK: Foreign keys

extension RowsCheck {
  private struct ForeignKey: Decodable {
    var name: String
    /// Quoted, with ONLY unless it is partitioned.
    var references: String
    var isOwn: Bool
    var columns: [Pair]

    struct Pair: Decodable {
      var name: String
      var other: String
      /// Between the other table's column and this one's.
      var equals: String
    }
  }

  /// Rows that lack and whose referenced row is neither live nor among those that are added.
  private func foreignKeys(_ connection: inout Connection) throws -> [KeyViolations] {
    let keys = try connection.document([ForeignKey].self, Self.foreignKeyQuery, ["\(match.liveOID)"]) ?? []
    return try keys.compactMap { key in
      // A column with its default is the server's to check.
      guard key.columns.allSatisfy({ pair in match.columns.contains { $0.name == pair.name } }) else { return nil }
      let known = key.columns.map { "r.\(Quoting.identifier($0.name)) IS NOT NULL" }.joined(separator: " AND ")
      func same(_ alias: String) -> String {
        key.columns.map { pair in
          "\(alias).\(Quoting.identifier(pair.other)) \(pair.equals) r.\(Quoting.identifier(pair.name))"
        }.joined(separator: " AND ")
      }
      var sql =
        "SELECT count(*) FROM (\(lacking)) AS r WHERE \(known) "
        + "AND NOT EXISTS (SELECT FROM \(key.references) AS p WHERE \(same("p")))"
      if key.isOwn, key.columns.allSatisfy({ pair in match.columns.contains { $0.name == pair.other } }) {
        sql += " AND NOT EXISTS (SELECT FROM (\(lacking)) AS q WHERE \(same("q")))"
      }
      return try Self.violations("foreign key \(key.name)", sql, &connection)
    }
  }

  /// The rows that would be added, in the live types.
  private var lacking: String { "SELECT \(match.namedValues(of: "s")) FROM \(staged) AS s WHERE \(match.isMissing)" }

  private static func violations(
    _ name: String, _ sql: String, _ connection: inout Connection
  ) throws -> KeyViolations? {
    let rows = try connection.value(sql).flatMap { Int64($0) } ?? 0
    return rows > 0 ? KeyViolations(key: name, rows: rows) : nil
  }

  private static let foreignKeyQuery = """
    SELECT jsonb_agg(jsonb_build_object('name', x.conname, 'isOwn', x.confrelid = x.conrelid,
      'references', CASE WHEN r.relkind = 'p' THEN '' ELSE 'ONLY ' END || x.confrelid::regclass,
      'columns', (SELECT jsonb_agg(jsonb_build_object('name', fa.attname, 'other', pa.attname,
          'equals', format('OPERATOR(%I.%s)', n.nspname, o.oprname)) ORDER BY fa.attnum)
        FROM ROWS FROM (unnest(x.conkey), unnest(x.confkey), unnest(x.conpfeqop)) AS k (fk, pk, op),
          pg_catalog.pg_attribute AS fa, pg_catalog.pg_attribute AS pa, pg_catalog.pg_operator AS o,
          pg_catalog.pg_namespace AS n
        WHERE fa.attrelid = x.conrelid AND fa.attnum = k.fk AND pa.attrelid = x.confrelid AND pa.attnum = k.pk
          AND o.oid = k.op AND n.oid = o.oprnamespace)) ORDER BY x.conname)
    FROM pg_catalog.pg_constraint AS x JOIN pg_catalog.pg_class AS r ON r.oid = x.confrelid
    WHERE x.contype = 'f' AND x.conrelid = $1::oid AND x.confrelid <> 0
      -- Of a key to a partitioned table there is one for each partition as well.
      AND (x.conparentid = 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS y
        WHERE y.oid = x.conparentid AND y.conrelid = x.conrelid))
    """
}

// MARK: Checks

extension RowsCheck {
  private func checks(_ connection: inout Connection) throws -> [KeyViolations] {
    let rows = try connection.rows(
      """
      SELECT conname, pg_catalog.pg_get_expr(conbin, conrelid) FROM pg_catalog.pg_constraint
      WHERE contype = 'c' AND conrelid = $1::oid ORDER BY conname
      """, ["\(match.liveOID)"])
    return try rows.compactMap { row in
      let sql = "SELECT count(*) FROM (\(lacking)) AS r WHERE NOT (\(row[1] ?? "true"))"
      do {
        return try Self.violations("check constraint \(row[0] ?? "")", sql, &connection)
      } catch let error as RecoverError
        where error.sqlState == .undefinedColumn || error.sqlState == .undefinedFunction
      {
        // Over columns that the table computes, or a function that needs a search path: the server checks the row.
        return nil
      }
    }
  }
}
