internal import RecoverBase

extension Dependent {
  /// Everything outside of some tables that depends on them, as the catalog records it (PostgreSQL, pg_depend).
  ///
  /// Functions whose bodies are strings depend on nothing: they look tables up by name whenever they run.
  ///
  /// - Parameter tables: OIDs of tables; what belongs to any of them is no dependent.
  package static func read(of tables: [UInt32], _ connection: inout Connection) throws -> [Dependent] {
    guard !tables.isEmpty else { return [] }
    let hasBodies = connection.serverVersion >= 140_000
    let query = own + (hasBodies ? found("p.prosqlbody IS NOT NULL") : found("false"))
    let all = try connection.document([Found].self, query, [oidArray(tables)]) ?? []
    return all.map(\.dependent).sorted { ($0.kind.rawValue, $0.identity) < ($1.kind.rawValue, $1.identity) }
  }

  private struct Found: Decodable {
    var catalog: String
    var oid: UInt32
    var identity: String
    var relation: Relation?
    var columns: [Column]?
    var isOnType: Bool
    /// Not only on something that belongs to it, such as a sequence.
    var isOnTable: Bool
    var isOfExtension: Bool
    var definition: Definition?

    var dependent: Dependent {
      let kind = kind
      var dependent = Dependent(
        kind: kind, oid: oid, identity: identity, relation: relation, columns: columns ?? [], definition: definition)
      if let relation {
        let name = SQLName(schema: relation.schema, relation.name)
        if kind == .view { dependent.identity = "view \(name)" }
        if relation.kind == "m" { dependent.identity = "materialized view \(name)" }
      }
      dependent.refusal = refusal(kind)
      return dependent
    }

    private var kind: Kind {
      switch catalog {
      case "pg_rewrite": definition?.name != nil ? .rule : relation?.kind == "v" ? .view : .other
      case "pg_constraint": definition?.references == nil ? .other : .foreignKey
      case "pg_proc": definition?.text == nil ? .other : .function
      case "pg_policy": .policy
      default: .other
      }
    }

    private func refusal(_ kind: Kind) -> String? {
      if isOnType { return "uses the row type of a table, which is another type after the exchange" }
      if isOfExtension { return "belongs to an extension, and can't be changed by itself" }
      switch kind {
      case .view, .function, .policy, .rule: return nil
      case .foreignKey: return relation?.kind == "r" ? nil : "is of a partitioned table"
      case .other: break
      }
      switch (catalog, relation?.kind) {
      case ("pg_rewrite", "m"): return "would have to be dropped, and made again afterwards"
      case ("pg_attrdef", _):
        return isOnTable
          ? "is a default that names the table, and would go on naming the one that is replaced"
          : "is a default that draws from a sequence of the table"
      default: return "depends on the table in a way that can't be made anew"
      }
    }
  }

  /// What moves together with the tables: indexes, sequences, row types, constraints, defaults, triggers, ...
  private static let own = """
    WITH target AS (SELECT pg_catalog.unnest($1::oid[]) AS oid),
    sequence AS (
      SELECT d.objid AS oid FROM pg_catalog.pg_depend AS d JOIN target ON d.refobjid = target.oid
      JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
        AND d.deptype IN ('a', 'i')),
    heap AS (
      SELECT oid FROM target UNION SELECT c.reltoastrelid FROM pg_catalog.pg_class AS c JOIN target USING (oid)
      WHERE c.reltoastrelid <> 0),
    relation AS (
      SELECT oid FROM heap UNION SELECT oid FROM sequence
      UNION SELECT i.indexrelid FROM pg_catalog.pg_index AS i JOIN heap ON i.indrelid = heap.oid),
    own AS (
      SELECT 'pg_catalog.pg_class'::regclass::oid AS classid, oid AS objid FROM relation
      UNION SELECT 'pg_catalog.pg_type'::regclass, t.oid FROM pg_catalog.pg_type AS t
        JOIN relation ON t.typrelid = relation.oid
      UNION SELECT 'pg_catalog.pg_type'::regclass, t.typarray FROM pg_catalog.pg_type AS t
        JOIN relation ON t.typrelid = relation.oid WHERE t.typarray <> 0
      UNION SELECT 'pg_catalog.pg_constraint'::regclass, x.oid FROM pg_catalog.pg_constraint AS x
        JOIN target ON x.conrelid = target.oid
      UNION SELECT 'pg_catalog.pg_attrdef'::regclass, x.oid FROM pg_catalog.pg_attrdef AS x
        JOIN target ON x.adrelid = target.oid
      UNION SELECT 'pg_catalog.pg_trigger'::regclass, x.oid FROM pg_catalog.pg_trigger AS x
        LEFT JOIN target ON x.tgrelid = target.oid WHERE target.oid IS NOT NULL OR x.tgisinternal
      UNION SELECT 'pg_catalog.pg_rewrite'::regclass, x.oid FROM pg_catalog.pg_rewrite AS x
        JOIN target ON x.ev_class = target.oid
      UNION SELECT 'pg_catalog.pg_policy'::regclass, x.oid FROM pg_catalog.pg_policy AS x
        JOIN target ON x.polrelid = target.oid
      UNION SELECT 'pg_catalog.pg_statistic_ext'::regclass, x.oid FROM pg_catalog.pg_statistic_ext AS x
        JOIN target ON x.stxrelid = target.oid
      UNION SELECT 'pg_catalog.pg_publication_rel'::regclass, x.oid FROM pg_catalog.pg_publication_rel AS x
        JOIN target ON x.prrelid = target.oid)
    """

  private static func found(_ hasBody: String) -> String {
    """
    , dependent AS (
      SELECT d.classid, d.objid, pg_catalog.bool_or(d.refclassid = 'pg_catalog.pg_type'::regclass) AS is_on_type,
        pg_catalog.bool_or(d.refclassid = 'pg_catalog.pg_class'::regclass
          AND d.refobjid IN (SELECT oid FROM target)) AS is_on_table,
        pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_object('table', a.attrelid::int8, 'name', a.attname))
          FILTER (WHERE a.attname IS NOT NULL) AS columns
      FROM pg_catalog.pg_depend AS d JOIN own ON d.refclassid = own.classid AND d.refobjid = own.objid
      LEFT JOIN pg_catalog.pg_attribute AS a ON d.refclassid = 'pg_catalog.pg_class'::regclass
        AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
      WHERE NOT EXISTS (SELECT FROM own AS o WHERE o.classid = d.classid AND o.objid = d.objid)
      GROUP BY d.classid, d.objid),
    placed AS (
      SELECT dependent.*, COALESCE(r.ev_class, x.conrelid, t.tgrelid, l.polrelid, f.adrelid) AS of
      FROM dependent
      LEFT JOIN pg_catalog.pg_rewrite AS r ON classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = objid
      LEFT JOIN pg_catalog.pg_constraint AS x ON classid = 'pg_catalog.pg_constraint'::regclass AND x.oid = objid
      LEFT JOIN pg_catalog.pg_trigger AS t ON classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = objid
      LEFT JOIN pg_catalog.pg_policy AS l ON classid = 'pg_catalog.pg_policy'::regclass AND l.oid = objid
      LEFT JOIN pg_catalog.pg_attrdef AS f ON classid = 'pg_catalog.pg_attrdef'::regclass AND f.oid = objid)
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'catalog', k.relname, 'oid', d.objid::int8,
      'identity', (SELECT pg_catalog.concat_ws(' ', type, identity)
        FROM pg_catalog.pg_identify_object(d.classid, d.objid, 0)),
      'relation', CASE WHEN c.oid IS NOT NULL THEN pg_catalog.jsonb_build_object(
        'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind) END,
      'columns', d.columns, 'isOnType', d.is_on_type, 'isOnTable', d.is_on_table,
      'isOfExtension', EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e WHERE e.deptype = 'e' AND (e.classid = d.classid AND e.objid = d.objid
          OR e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)),
      'definition', CASE k.relname
        WHEN 'pg_rewrite' THEN (SELECT CASE WHEN w.rulename <> '_RETURN' THEN pg_catalog.jsonb_build_object(
            'text', pg_catalog.pg_get_ruledef(w.oid), 'name', w.rulename)
          WHEN c.relkind = 'v' THEN pg_catalog.jsonb_build_object(
            'text', pg_catalog.pg_get_viewdef(c.oid), 'options', pg_catalog.to_jsonb(c.reloptions)) END
          FROM pg_catalog.pg_rewrite AS w WHERE w.oid = d.objid)
        WHEN 'pg_constraint' THEN (SELECT pg_catalog.jsonb_build_object(
            'text', pg_catalog.pg_get_constraintdef(x.oid), 'name', x.conname, 'references', x.confrelid::int8,
            'comment', pg_catalog.obj_description(x.oid, 'pg_constraint'))
          FROM pg_catalog.pg_constraint AS x WHERE x.oid = d.objid AND x.contype = 'f' AND x.conparentid = 0)
        WHEN 'pg_proc' THEN (SELECT pg_catalog.jsonb_build_object(
            'text', pg_catalog.pg_get_functiondef(p.oid), 'name', p.proname, 'schema', s.nspname)
          FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS s ON s.oid = p.pronamespace
          WHERE p.oid = d.objid AND p.prokind IN ('f', 'p') AND \(hasBody))
        WHEN 'pg_policy' THEN (SELECT pg_catalog.jsonb_build_object(
            'text', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'name', p.polname,
            'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
          FROM pg_catalog.pg_policy AS p WHERE p.oid = d.objid) END))
    FROM placed AS d JOIN pg_catalog.pg_class AS k ON k.oid = d.classid
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = d.of
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    """
  }
}
