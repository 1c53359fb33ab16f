internal import RecoverBase

/// A live table that rows of a backup are added to, as the catalog has it.
package struct RowsTarget: Sendable, Hashable, Decodable {
  package var oid: UInt32
  package var schema: String
  package var name: String
  /// Whether rows go through it into its partitions.
  var isPartitioned: Bool
  /// The planner's estimate; negative where it has none.
  package var estimatedRows: Int64
  package var bytes: Int64
  var columns: [Column]
  /// Its unique indexes, the primary key first.
  var keys: [Key]?
  /// Triggers of its users that fire for an INSERT.
  package var triggers: [String]?
  /// Whether it has a unique or exclusion constraint that is checked later.
  var hasDeferrableKey: Bool
  /// Why no row can be added to it like this.
  package var refusal: String?

  package var sqlName: SQLName { SQLName(schema: schema, name) }

  struct Column: Sendable, Hashable, Decodable {
    var name: String
    /// With its modifier: `numeric(10,2)`.
    var type: String
    var isGenerated: Bool
    var isNotNull: Bool
    var hasDefault: Bool
    /// The sequence that its default draws from, quoted; nil for types that are no integers.
    var sequence: String?
  }

  /// A unique index.
  struct Key: Sendable, Hashable, Decodable {
    var name: String
    var isPrimary: Bool
    var columns: [KeyColumn]
    /// Why rows can't be told apart by it.
    var defect: String?
  }
}

/// A column of a key, and how its type tells equal values.
package struct KeyColumn: Sendable, Hashable, Codable {
  package var name: String
  /// `OPERATOR(pg_catalog.=)`.
  var equals: String
}

extension RowsTarget {
  /// The live table of a name; nil where nothing has it.
  package static func read(_ name: SQLName, _ connection: inout Connection) throws -> RowsTarget? {
    try connection.document(RowsTarget.self, query, [name.schema ?? "", name.name])
  }

  /// The key by which rows are told apart.
  ///
  /// - Parameter asked: the name of a unique index or constraint; nil: the primary key, or the only other one.
  /// - Throws: ``RecoverError`` `usage` where there is none, none of that name, or several to choose from.
  func key(_ asked: String?) throws -> Key {
    let all = keys ?? []
    let list = all.map(\.name).joined(separator: ", ")
    if let asked {
      guard let key = all.first(where: { $0.name.utf8.elementsEqual(asked.utf8) }) else {
        throw RecoverError(
          .usage, "\(sqlName) has no unique key \(asked)",
          hint: NearestName.hint(asked, among: all.map(\.name)) ?? (all.isEmpty ? nil : "it has \(list)"))
      }
      guard let defect = key.defect else { return key }
      throw RecoverError(
        .usage, "rows of \(sqlName) can't be told apart by \(asked): it \(defect)", hint: "name another key with --key")
    }
    let usable = all.filter { $0.defect == nil }
    if let primary = usable.first(where: \.isPrimary) { return primary }
    guard let only = usable.first else {
      throw RecoverError(
        .usage, "\(sqlName) has no primary key and no unique key by which a row could be found again",
        hint: "--table \(sqlName) --into NAME restores its rows to a new database, from where you can pick")
    }
    guard usable.count == 1 else {
      throw RecoverError(
        .usage, "\(sqlName) has no primary key, and several unique keys",
        hint: "say with --key which one tells its rows apart: \(usable.map(\.name).joined(separator: ", "))")
    }
    return only
  }
}

extension RowsTarget {
  /// Parts of an index: `indkey` and `indclass` count from 0.
  private static let keys = """
    SELECT jsonb_agg(jsonb_build_object('name', x.relname, 'isPrimary', i.indisprimary,
      'columns', (SELECT COALESCE(jsonb_agg(jsonb_build_object('name', a.attname,
          'equals', format('OPERATOR(%I.%s)', o_n.nspname, o.oprname)) ORDER BY k.n), '[]')
        FROM unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS k (att, class, n)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.att
        JOIN pg_catalog.pg_opclass AS oc ON oc.oid = k.class
        JOIN pg_catalog.pg_amop AS am ON am.amopfamily = oc.opcfamily AND am.amopstrategy = 3
          AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype
        JOIN pg_catalog.pg_operator AS o ON o.oid = am.amopopr
        JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace WHERE k.n <= i.indnkeyatts),
      'defect', CASE WHEN i.indpred IS NOT NULL THEN 'covers only some rows'
        WHEN i.indexprs IS NOT NULL THEN 'is over expressions'
        WHEN NOT i.indimmediate THEN 'is deferrable' WHEN NOT i.indisvalid THEN 'is not valid'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = i.indrelid
          AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) AND NOT a.attnotnull)
          THEN 'has columns that may be NULL' END)
      ORDER BY i.indisprimary DESC, x.relname)
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisunique
    """

  private static let columns = """
    SELECT COALESCE(jsonb_agg(jsonb_build_object('name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'isGenerated', a.attgenerated <> '',
      'isNotNull', a.attnotnull, 'hasDefault', a.atthasdef OR a.attidentity <> '',
      'sequence', CASE WHEN a.atttypid = ANY ('{int2,int4,int8}'::regtype[]) THEN (
        SELECT s.oid::regclass FROM pg_catalog.pg_class AS s WHERE s.relkind = 'S' AND s.oid IN (
          SELECT d.objid FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass
            AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum
            AND d.deptype = 'i'
          UNION SELECT d.refobjid FROM pg_catalog.pg_attrdef AS v JOIN pg_catalog.pg_depend AS d
            ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = v.oid
            WHERE v.adrelid = c.oid AND v.adnum = a.attnum
              AND d.refclassid = 'pg_catalog.pg_class'::regclass) LIMIT 1) END) ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    """

  /// In `tgtype` bit 4 is INSERT; bit 8 DELETE; in `ev_type` 2 is UPDATE, and 3 INSERT.
  private static let query = """
    SELECT jsonb_build_object('oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname,
      'isPartitioned', c.relkind = 'p', 'estimatedRows', c.reltuples::int8,
      'bytes', pg_catalog.pg_total_relation_size(c.oid), 'columns', (\(columns)), 'keys', (\(keys)),
      'triggers', (SELECT jsonb_agg(t.tgname ORDER BY t.tgname) FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 4 > 0),
      'hasDeferrableKey', EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND NOT i.indimmediate),
      'refusal', CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'is no ordinary table in the live database'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = c.oid AND w.ev_type IN ('2', '3'))
          THEN 'has rules for INSERT or UPDATE, which say themselves what becomes of a row'
        WHEN c.relkind = 'p' AND EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE NOT t.tgisinternal
          AND t.tgenabled IN ('O', 'A') AND t.tgtype & 12 > 0
          AND t.tgrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid)))
          THEN 'is partitioned, and it or its partitions have triggers, each with a state of its own'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass
          AND d.objid = c.oid AND d.deptype = 'e') THEN 'belongs to an extension'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_subscription_rel AS r WHERE r.srrelid = c.oid)
          THEN 'is filled by a subscription' END)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::name AND c.relname = $2::name
    """
}
