/// Whether a dump has the rows of every table that a live database has: the other direction of ``RestoreProof``.
package enum DumpCoverage {
  private struct Table: Decodable {
    var schema: String
    var name: String
  }

  /// The tables of the database whose rows the dump does not hold, as `schema.table`, sorted.
  ///
  /// pg_dump writes a COPY for every ordinary table, an empty one too. Left out are tables of extensions and those
  /// without a column that could be copied.
  ///
  /// - Parameter snapshot: the id of an ``ExportedSnapshot``.
  package static func missingTables(
    _ segments: [DumpSegment], snapshot: String, _ connection: inout Connection
  ) throws -> [String] {
    let dumped = Set(segments.flatMap(\.tables).map(\.name))
    let tables = try connection.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") { connection in
      try connection.execute("SET TRANSACTION SNAPSHOT \(Quoting.literal(snapshot))")
      return try connection.document([Table].self, query) ?? []
    }
    return tables.filter { !dumped.contains(SQLName(schema: $0.schema, $0.name)) }.map { "\($0.schema).\($0.name)" }
  }

  private static let query = """
    SELECT jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname) ORDER BY n.nspname, c.relname)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%'
      AND n.nspname <> 'information_schema'
      AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    """
}
