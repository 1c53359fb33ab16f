internal import RecoverBase

/// Takes back what ``RowsInsertion`` added: deletes exactly those rows that nobody has changed since and that no row of
/// others refers to, in one transaction.
package struct RowsRemoval: Sendable {
  package var match: RowsMatch
  package var kept: RowsKept
  /// Of the schema with the keys of rows that stay.
  package var breadcrumb: Breadcrumb

  package init(_ match: RowsMatch, kept: RowsKept, breadcrumb: Breadcrumb) {
    self.match = match
    self.kept = kept
    self.breadcrumb = breadcrumb
  }

  package struct Report: Sendable, Hashable, Codable {
    package var inserted: Int64 = 0
    package var deleted: Int64 = 0
    /// Somebody deleted them, or gave them another key.
    package var gone: Int64 = 0
    /// Rows that were changed since.
    package var changed: Int64 = 0
    /// Rows that are as they were, and to which rows of others refer by now.
    package var referenced: Int64 = 0
    /// A few keys of those that stay.
    package var keptKeys: [String] = []
    /// The schema with all of them; nil where none stays.
    package var schema: String?

    package init() {}
  }

  private var going: String { Quoting.identifier(kept.schema, "recover_going") }

  /// What would become of the rows, without changing or locking any.
  package func preview(_ connection: inout Connection) throws -> Report {
    guard try kept.find(&connection) != nil else { return Report() }
    return try counts(&connection)
  }

  private func counts(_ connection: inout Connection) throws -> Report {
    let row = try connection.rows(
      """
      SELECT count(*), count(*) FILTER (WHERE l.tableoid IS NULL),
        count(*) FILTER (WHERE l.tableoid IS NOT NULL AND NOT (\(match.isUnchanged)))
      FROM \(kept.table) AS k LEFT JOIN \(match.live) AS l ON \(match.sameKey("l", "k"))
      """
    ).first?.map { $0.flatMap { Int64($0) } ?? 0 }
    var report = Report()
    (report.inserted, report.gone, report.changed) = (row?[0] ?? 0, row?[1] ?? 0, row?[2] ?? 0)
    report.deleted = report.inserted - report.gone - report.changed
    return report
  }

  /// Deletes, unless it is done already.
  ///
  /// - Throws: ``RecoverError``: `drifted` where the table is another one by now, `busy`, `stepFailed`; nothing is
  ///   changed then, unless the connection was lost at the commit.
  package func perform(
    _ connection: inout Connection, at point: (RowsInsertion.Point) throws -> Void = { _ in }
  ) throws -> Report {
    guard try kept.find(&connection) != nil else { return Report() }
    var report = Report()
    do {
      try connection.execute("BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL row_security = off")
      try match.requireLive(&connection)
      let triggers = try TableTriggers.read(.delete, match, &connection)
      if match.firing == .skip { try triggers.disable(&connection) }
      try choose(&connection)
      report = try counts(&connection)
      try keepReferenced(&connection)
      let deleted = try connection.withUsualPath {
        try $0.execute("DELETE FROM \(match.live) AS l USING \(going) AS g WHERE \(match.sameKey("l", "g"))")
      }
      report.referenced = report.deleted - (deleted.affectedRows ?? 0)
      report.deleted = deleted.affectedRows ?? 0
      try connection.withUsualPath { try $0.execute("SET CONSTRAINTS ALL IMMEDIATE") }
      if match.firing == .skip { try triggers.enable(&connection) }
      try tidy(&report, &connection)
      try point(.beforeCommit)
    } catch {
      connection.rollBackWhateverHappens()
      throw RowsInsertion.explained(error, match.table)
    }
    try connection.commitDecisively()
    try point(.afterCommit)
    return report
  }

  /// The rows that are as they were, locked: from here on nobody can refer to them.
  private func choose(_ connection: inout Connection) throws {
    let keys = match.keyList(of: "l")
    try connection.execute(
      """
      CREATE TABLE \(going) AS SELECT \(keys) FROM \(match.live) AS l WITH NO DATA;
      INSERT INTO \(going) SELECT \(keys) FROM \(kept.table) AS k JOIN \(match.live) AS l ON \(match.sameKey("l", "k"))
        WHERE \(match.isUnchanged) FOR UPDATE OF l;
      ANALYZE \(going)
      """)
  }

  /// Spares rows that others refer to: deleting them would be refused, or would delete or change rows of others.
  private func keepReferenced(_ connection: inout Connection) throws {
    let keys = try connection.document([IncomingKey].self, IncomingKey.query, ["\(match.liveOID)"]) ?? []
    var wasAnySpared = !keys.isEmpty
    // A row that is spared may refer to another one of the same table.
    while wasAnySpared {
      wasAnySpared = false
      for key in keys {
        let same = key.columns.map { pair in
          "l.\(Quoting.identifier(pair.other)) \(pair.equals) o.\(Quoting.identifier(pair.name))"
        }.joined(separator: " AND ")
        var refers = "SELECT FROM \(key.table) AS o WHERE \(same)"
        if key.isOwn { refers += " AND NOT EXISTS (SELECT FROM \(going) AS x WHERE \(match.sameKey("o", "x")))" }
        let spared = try connection.execute(
          "DELETE FROM \(going) AS g USING \(match.live) AS l WHERE \(match.sameKey("l", "g")) AND EXISTS (\(refers))")
        if key.isOwn, (spared.affectedRows ?? 0) > 0 { wasAnySpared = true }
      }
    }
  }

  /// Leaves the keys of the rows that stay, in a schema that says so, or nothing.
  private func tidy(_ report: inout Report, _ connection: inout Connection) throws {
    try connection.execute(
      """
      DELETE FROM \(kept.table) AS k WHERE NOT EXISTS (SELECT FROM \(match.live) AS l WHERE \(match.sameKey("l", "k")));
      DROP TABLE \(going)
      """)
    report.keptKeys = try connection.rows(
      "SELECT \(match.keyText(of: "k")) FROM \(kept.table) AS k LIMIT \(RowsMatch.namedKeys)"
    ).compactMap { $0[0] }
    let schema = Quoting.identifier(kept.schema)
    guard !report.keptKeys.isEmpty else {
      try connection.execute("DROP TABLE \(kept.table); DROP SCHEMA \(schema)")
      return
    }
    let name = ExchangePlaces(run: kept.run, tables: [match.table]).schema(.failed, of: match.table.schema ?? "")
    report.schema = name
    let quoted = Quoting.identifier(name)
    try connection.execute(
      "ALTER SCHEMA \(schema) RENAME TO \(quoted); COMMENT ON SCHEMA \(quoted) IS "
        + Quoting.literal(try breadcrumb.text()))
  }

  /// A foreign key of any table to this one, or to one of its partitions.
  private struct IncomingKey: Decodable {
    /// Quoted, with ONLY unless it is partitioned.
    var table: String
    var isOwn: Bool
    var columns: [Pair]

    struct Pair: Decodable {
      var name: String
      var other: String
      var equals: String
    }

    static let query = """
      SELECT jsonb_agg(jsonb_build_object('isOwn', x.confrelid = x.conrelid,
        'table', CASE WHEN r.relkind = 'p' THEN '' ELSE 'ONLY ' END || x.conrelid::regclass,
        'columns', (SELECT jsonb_agg(jsonb_build_object('name', fa.attname, 'other', pa.attname,
            'equals', format('OPERATOR(%I.%s)', n.nspname, o.oprname)) ORDER BY fa.attnum)
          FROM ROWS FROM (unnest(x.conkey), unnest(x.confkey), unnest(x.conpfeqop)) AS k (fk, pk, op),
            pg_catalog.pg_attribute AS fa, pg_catalog.pg_attribute AS pa, pg_catalog.pg_operator AS o,
            pg_catalog.pg_namespace AS n
          WHERE fa.attrelid = x.conrelid AND fa.attnum = k.fk AND pa.attrelid = x.confrelid AND pa.attnum = k.pk
            AND o.oid = k.op AND n.oid = o.oprnamespace)) ORDER BY x.oid)
      FROM pg_catalog.pg_constraint AS x JOIN pg_catalog.pg_class AS r ON r.oid = x.conrelid
      WHERE x.contype = 'f' AND (x.confrelid = $1::oid OR x.conparentid = 0 AND x.confrelid IN (
        SELECT relid FROM pg_catalog.pg_partition_tree($1::oid)))
      """
  }
}
