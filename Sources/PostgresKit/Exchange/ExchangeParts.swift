internal import RecoverBase

/// A foreign key of a table that is replaced, to a table that stays.
///
/// It is taken off for as long as the table is kept: it would go on refusing what applications delete there.
struct OutgoingKey: Sendable, Hashable, Decodable {
  var drop: String
  /// Gives it back, once the table has its name again; with the comment.
  var creation: String

  static func read(of tables: [UInt32], _ connection: inout Connection) throws -> [OutgoingKey] {
    try connection.document([OutgoingKey].self, query, [oidArray(tables)]) ?? []
  }

  private static let query = """
    SELECT jsonb_agg(jsonb_build_object(
      'drop', format('ALTER TABLE %s DROP CONSTRAINT %I', x.conrelid::regclass, x.conname),
      'creation', format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', x.conrelid::regclass, x.conname,
          pg_get_constraintdef(x.oid))
        || COALESCE(format('; COMMENT ON CONSTRAINT %I ON %s IS ', x.conname, x.conrelid::regclass)
          || quote_literal(obj_description(x.oid, 'pg_constraint')), '')) ORDER BY x.conrelid, x.conname)
    FROM pg_catalog.pg_constraint AS x
    WHERE x.contype = 'f' AND x.conparentid = 0 AND x.conrelid = ANY ($1::oid[]) AND x.confrelid <> ALL ($1::oid[])
    """
}

/// A publication that names a table.
package struct TablePublication: Sendable, Hashable, Decodable {
  package var name: String
  package var table: String
  /// With columns and condition, as ALTER PUBLICATION takes them.
  var addition: String
  var removal: String

  package static func read(of tables: [UInt32], _ connection: inout Connection) throws -> [TablePublication] {
    let details =
      connection.serverVersion >= 150_000
      ? """
      COALESCE((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
        FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '')
      || COALESCE(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')
      """ : "''"
    let query = """
      SELECT jsonb_agg(jsonb_build_object('name', p.pubname, 'table', r.prrelid::regclass,
        'addition', format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, r.prrelid::regclass) || \(details),
        'removal', format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, r.prrelid::regclass))
        ORDER BY p.pubname, r.prrelid)
      FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
      WHERE r.prrelid = ANY ($1::oid[])
      """
    return try connection.document([TablePublication].self, query, [oidArray(tables)]) ?? []
  }
}
