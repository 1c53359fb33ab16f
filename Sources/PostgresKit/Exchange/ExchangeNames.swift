internal import RecoverBase

/// Names that would be given twice when tables come back to their schema.
enum ExchangeNames {
  /// Tables, indexes, sequences and statistics that come, whose name in the live schema something has that stays.
  ///
  /// - Parameters:
  ///   - role: of the schemas that they come from.
  ///   - leaving: the tables that make room, with what belongs to them.
  static func taken(
    _ places: ExchangePlaces, role: SideRole, leaving: [UInt32], _ connection: inout Connection
  ) throws -> [String] {
    var problems: [String] = []
    for home in places.homes {
      let rows = try connection.rows(query, [oidArray(leaving), places.schema(role, of: home), home])
      problems += rows.map { row in
        "the name \(SQLName(schema: home, row[0] ?? "")) is taken in the live database by \(row[1] ?? "something else")"
      }
    }
    return problems
  }

  private static let query = """
    WITH leaving AS (SELECT pg_catalog.unnest($1::oid[]) AS oid),
    going AS (
      SELECT oid FROM leaving
      UNION SELECT i.indexrelid FROM pg_catalog.pg_index AS i JOIN leaving ON i.indrelid = leaving.oid
      UNION SELECT d.objid FROM pg_catalog.pg_depend AS d JOIN leaving ON d.refobjid = leaving.oid
        JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
          AND d.deptype IN ('a', 'i'))
    SELECT new.relname, (SELECT pg_catalog.concat_ws(' ', type, identity)
      FROM pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, old.oid, 0))
    FROM pg_catalog.pg_class AS new JOIN pg_catalog.pg_class AS old USING (relname)
    WHERE new.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $2::name)
      AND old.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $3::name)
      AND old.oid NOT IN (SELECT oid FROM going)
    UNION ALL
    SELECT new.stxname, 'statistics object ' || old.stxname
    FROM pg_catalog.pg_statistic_ext AS new JOIN pg_catalog.pg_statistic_ext AS old USING (stxname)
    WHERE new.stxnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $2::name)
      AND old.stxnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $3::name)
      AND old.stxrelid NOT IN (SELECT oid FROM leaving)
    ORDER BY 1
    """
}
