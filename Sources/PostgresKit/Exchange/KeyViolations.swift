internal import RecoverBase

/// Rows that a foreign key would refuse after the exchange.
package struct KeyViolations: Sendable, Hashable, Codable {
  /// As people name the key: `foreign key item_order_fkey of public.item`.
  package var key: String
  package var rows: Int64

  package var text: String { rows == 1 ? "1 row violates \(key)" : "\(rows) rows violate \(key)" }
}

extension KeyViolations {
  /// Counts what the incoming foreign keys of other tables would refuse.
  ///
  /// - Parameters:
  ///   - dependents: what depends on the live tables.
  ///   - entering: of each live table, the one that takes its place.
  /// - Returns: keys with violations alone.
  package static func incoming(
    _ dependents: [Dependent], entering: [UInt32: UInt32], _ connection: inout Connection
  ) throws -> [KeyViolations] {
    try dependents.filter { $0.kind == .foreignKey }.compactMap { dependent in
      guard let old = dependent.definition?.references, let new = entering[old] else { return nil }
      let sql = try connection.value(query, ["\(dependent.oid)", "\(new)"])
      return try sql.flatMap { try count($0, key: dependent.identity, &connection) }
    }
  }

  /// The query that counts; nil for a key that PostgreSQL was told not to check (NOT VALID).
  ///
  /// With the key's own operators, and MATCH SIMPLE as PostgreSQL does it; of MATCH FULL the same rows count.
  private static let query = """
    SELECT pg_catalog.format('SELECT count(*) FROM ONLY %s AS f WHERE %s AND NOT EXISTS (SELECT FROM ONLY %s AS p WHERE %s)',
      x.conrelid::regclass, string_agg(pg_catalog.format('f.%I IS NOT NULL', fa.attname), ' AND '), $2::oid::regclass,
      string_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) f.%I', pa.attname, n.nspname, o.oprname, fa.attname), ' AND '))
    FROM pg_catalog.pg_constraint AS x,
      ROWS FROM (unnest(x.conkey), unnest(x.confkey), unnest(x.conpfeqop)) AS k (fk, pk, op),
      pg_catalog.pg_attribute AS fa, pg_catalog.pg_attribute AS pa, pg_catalog.pg_operator AS o,
      pg_catalog.pg_namespace AS n
    WHERE x.oid = $1::oid AND x.convalidated AND fa.attrelid = x.conrelid AND fa.attnum = k.fk
      AND pa.attrelid = x.confrelid AND pa.attnum = k.pk AND o.oid = k.op AND n.oid = o.oprnamespace
    GROUP BY x.oid, x.conrelid
    """

  private static func count(_ sql: String, key: String, _ connection: inout Connection) throws -> KeyViolations? {
    let rows = try connection.value(sql).flatMap { Int64($0) } ?? 0
    return rows > 0 ? KeyViolations(key: key, rows: rows) : nil
  }
}

extension KeyViolations {
  /// Counts what the foreign keys of the backup's tables to live ones would refuse.
  package static func outgoing(
    _ script: StagingScript, _ connection: inout Connection
  ) throws -> [KeyViolations] {
    try script.laterForeignKeys.compactMap { statement in
      guard let key = Outgoing(statement.text) else { return nil }
      let (table, other) = (quoted(script.rules.names.moved(key.table)), quoted(key.references))
      let columns = key.columns.map(Quoting.identifier)
      let others = key.referencedColumns.map(Quoting.identifier)
      let known = columns.map { "f.\($0) IS NOT NULL" }.joined(separator: " AND ")
      let same = zip(columns, others).map { "p.\($1) = f.\($0)" }.joined(separator: " AND ")
      let sql =
        "SELECT count(*) FROM ONLY \(table) AS f WHERE \(known)"
        + " AND NOT EXISTS (SELECT FROM \(other) AS p WHERE \(same))"
      return try connection.transaction { connection in
        // Operators of types that extensions made are often in public.
        try connection.execute("SET LOCAL search_path TO pg_catalog, public")
        return try count(sql, key: "foreign key \(key.name) of \(key.table)", &connection)
      }
    }
  }

  private static func quoted(_ name: SQLName) -> String {
    name.schema.map { Quoting.identifier($0, name.name) } ?? Quoting.identifier(name.name)
  }

  /// Tables that foreign keys of the backup refer to, and that the live database does not have.
  static func missingTables(_ script: StagingScript, _ connection: inout Connection) throws -> [String] {
    try script.laterForeignKeys.compactMap { statement in
      guard let key = Outgoing(statement.text),
        try connection.value("SELECT pg_catalog.to_regclass($1)", [quoted(key.references)]) == nil
      else { return nil }
      return "foreign key \(key.name) of \(key.table) refers to \(key.references), which is not there"
    }
  }

  /// `ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES o(b) ...`, as pg_dump writes it.
  private struct Outgoing {
    var table: SQLName
    var name: String
    var columns: [String]
    var references: SQLName
    var referencedColumns: [String]

    /// Nil for one that is NOT VALID, or not understood.
    init?(_ text: SQLText) {
      var cursor = SQLCursor(text.bytes.span, syntax: SQLSyntax())
      guard cursor.take("alter", "table") else { return nil }
      _ = cursor.take("only")
      guard let table = cursor.qualifiedName(), cursor.take("add", "constraint"), let name = cursor.identifier(),
        cursor.take("foreign", "key"), let columns = cursor.nameList(), cursor.take("references"),
        let references = cursor.qualifiedName(), let others = cursor.nameList(), columns.count == others.count
      else { return nil }
      while !cursor.isAtEnd {
        if cursor.take("not", "valid") { return nil }
        cursor.advance()
      }
      self.table = table
      self.name = name
      self.columns = columns
      self.references = references
      referencedColumns = others
    }
  }
}
