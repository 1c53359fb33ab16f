/// What will be otherwise than it is now: the definition of a live table beside that of the backup's.
enum TableDifferences {
  /// One line for each difference, in a fixed order.
  static func read(live table: ExchangeTable, staged: UInt32, _ connection: inout Connection) throws -> [String] {
    try connection.rows(query, ["\(table.oid)", "\(staged)"]).map { row in
      "\(table.sqlName): \(row[0] ?? "")"
    }
  }

  /// Names are compared; of columns also type and default, of triggers whether they fire, of the tables also owner,
  /// rights and options.
  private static let query = """
    WITH it AS (SELECT $1::oid AS old, $2::oid AS new),
    part AS (
      SELECT 1 AS place, 'column' AS kind, a.attrelid AS of, a.attname::text AS name,
        pg_catalog.format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || CASE WHEN d.oid IS NULL THEN ''
          -- The sequence of the new table has another schema for now.
          WHEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN ' DEFAULT nextval(...)'
          ELSE ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS detail
      FROM it JOIN pg_catalog.pg_attribute AS a ON a.attrelid IN (old, new)
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid IN (old, new) AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT 2, 'index', i.indrelid, c.relname, '' FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid, it WHERE i.indrelid IN (old, new)
      UNION ALL SELECT 3, 'constraint', x.conrelid, x.conname, '' FROM pg_catalog.pg_constraint AS x, it
      WHERE x.conrelid IN (old, new) AND x.contype IN ('c', 'x', 'f')
      UNION ALL SELECT 4, 'trigger', t.tgrelid, t.tgname, CASE t.tgenabled WHEN 'D' THEN 'disabled'
        WHEN 'O' THEN 'enabled' WHEN 'R' THEN 'enabled for replicas' ELSE 'enabled always' END FROM pg_catalog.pg_trigger AS t, it
      WHERE t.tgrelid IN (old, new) AND NOT t.tgisinternal
      UNION ALL SELECT 5, 'policy', p.polrelid, p.polname, '' FROM pg_catalog.pg_policy AS p, it
      WHERE p.polrelid IN (old, new))
    SELECT text FROM (
      SELECT COALESCE(o.place, n.place) AS place, COALESCE(o.name, n.name) AS name,
        CASE WHEN n.name IS NULL THEN pg_catalog.format('%s %s is only in the live table', o.kind, o.name)
          WHEN o.name IS NULL THEN pg_catalog.format('%s %s is only in the backup', n.kind, n.name)
          ELSE pg_catalog.format('%s %s is %s, in the backup %s', o.kind, o.name, o.detail, n.detail) END AS text
      FROM (SELECT part.* FROM part, it WHERE of = old) AS o
      FULL JOIN (SELECT part.* FROM part, it WHERE of = new) AS n ON o.kind = n.kind AND o.name = n.name
      WHERE o.detail IS DISTINCT FROM n.detail
      UNION ALL
      SELECT 6, 'owner', pg_catalog.format('the owner is %s, in the backup %s',
        pg_catalog.pg_get_userbyid(o.relowner), pg_catalog.pg_get_userbyid(n.relowner))
      FROM it JOIN pg_catalog.pg_class AS o ON o.oid = old JOIN pg_catalog.pg_class AS n ON n.oid = new
      WHERE o.relowner <> n.relowner
      UNION ALL
      SELECT 7, 'rights', pg_catalog.format('the rights are %s, in the backup %s',
        COALESCE(o.relacl::text, 'the owner''s alone'), COALESCE(n.relacl::text, 'the owner''s alone'))
      FROM it JOIN pg_catalog.pg_class AS o ON o.oid = old JOIN pg_catalog.pg_class AS n ON n.oid = new
      WHERE (SELECT pg_catalog.array_agg(x ORDER BY x::text) FROM pg_catalog.unnest(
          COALESCE(o.relacl, pg_catalog.acldefault('r', o.relowner))) AS x)::text IS DISTINCT FROM
        (SELECT pg_catalog.array_agg(x ORDER BY x::text) FROM pg_catalog.unnest(
          COALESCE(n.relacl, pg_catalog.acldefault('r', n.relowner))) AS x)::text
      UNION ALL
      SELECT 8, 'security', 'row-level security is ' || CASE WHEN o.relrowsecurity THEN 'on, off in the backup'
        ELSE 'off, on in the backup' END
      FROM it JOIN pg_catalog.pg_class AS o ON o.oid = old JOIN pg_catalog.pg_class AS n ON n.oid = new
      WHERE o.relrowsecurity <> n.relrowsecurity
      UNION ALL
      SELECT 9, 'identity', 'the replica identity is another one in the backup'
      FROM it JOIN pg_catalog.pg_class AS o ON o.oid = old JOIN pg_catalog.pg_class AS n ON n.oid = new
      WHERE o.relreplident <> n.relreplident
      UNION ALL
      SELECT 9, 'options', pg_catalog.format('the storage options are %s, in the backup %s',
        COALESCE(o.reloptions::text, 'none'), COALESCE(n.reloptions::text, 'none'))
      FROM it JOIN pg_catalog.pg_class AS o ON o.oid = old JOIN pg_catalog.pg_class AS n ON n.oid = new
      WHERE o.reloptions IS DISTINCT FROM n.reloptions) AS found
    ORDER BY place, name
    """
}
