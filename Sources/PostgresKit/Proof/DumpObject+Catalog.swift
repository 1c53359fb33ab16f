extension DumpObject.Kind {
  /// A query for the schema, name and table of every object of this kind (PostgreSQL, "System Catalogs"); nil where an
  /// object has no name of its own.
  var catalog: String? {
    switch self {
    // A view may begin as a table that a rule makes into one; dumps of old versions do that.
    case .table: Self.relation("'r', 'p', 'v'")
    case .view: Self.relation("'v'")
    case .materializedView: Self.relation("'m'")
    case .sequence: Self.relation("'S'")
    case .foreignTable: Self.relation("'f'")
    case .index:
      """
      SELECT n.nspname, c.relname, t.relname FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE i.indisvalid
      """
    case .domain: Self.named("pg_type", "typ", where: "x.typtype = 'd'")
    case .type: Self.named("pg_type", "typ", where: "x.typtype <> 'd'")
    case .function: Self.named("pg_proc", "pro", where: "x.prokind IN ('f', 'w')")
    case .procedure: Self.named("pg_proc", "pro", where: "x.prokind = 'p'")
    case .aggregate: Self.named("pg_proc", "pro", where: "x.prokind = 'a'")
    case .operator: Self.named("pg_operator", "opr")
    case .operatorClass: Self.named("pg_opclass", "opc")
    case .operatorFamily: Self.named("pg_opfamily", "opf")
    case .collation: Self.named("pg_collation", "coll")
    case .conversion: Self.named("pg_conversion", "con")
    case .statistics: Self.named("pg_statistic_ext", "stx")
    case .textSearchConfiguration: Self.named("pg_ts_config", "cfg")
    case .textSearchDictionary: Self.named("pg_ts_dict", "dict")
    case .textSearchParser: Self.named("pg_ts_parser", "prs")
    case .textSearchTemplate: Self.named("pg_ts_template", "tmpl")
    case .primaryKey: Self.constraint("'p'")
    case .uniqueConstraint: Self.constraint("'u'")
    case .foreignKey: Self.constraint("'f'")
    case .checkConstraint: Self.constraint("'c'")
    case .exclusionConstraint: Self.constraint("'x'")
    case .notNullConstraint: Self.constraint("'n'")
    case .trigger: Self.onTable("pg_trigger", name: "tgname", table: "tgrelid")
    case .rule: Self.onTable("pg_rewrite", name: "rulename", table: "ev_class")
    case .policy: Self.onTable("pg_policy", name: "polname", table: "polrelid")
    case .schema: Self.global("pg_namespace", "nspname")
    case .language: Self.global("pg_language", "lanname")
    case .eventTrigger: Self.global("pg_event_trigger", "evtname")
    case .publication: Self.global("pg_publication", "pubname")
    case .foreignDataWrapper: Self.global("pg_foreign_data_wrapper", "fdwname")
    case .server: Self.global("pg_foreign_server", "srvname")
    case .accessMethod: Self.global("pg_am", "amname")
    // The schema in a dump is where its objects go.
    case .extension: Self.global("pg_extension", "extname")
    case .largeObject: Self.global("pg_largeobject_metadata", "oid::text::name")
    case .subscription: "SELECT NULL::name, subname, NULL::name FROM pg_catalog.pg_stat_subscription"
    case .cast, .transform, .userMapping: nil
    }
  }

  private static func relation(_ kinds: String) -> String {
    named("pg_class", "rel", where: "x.relkind IN (\(kinds))")
  }

  private static func named(_ catalog: String, _ prefix: String, where condition: String = "true") -> String {
    """
    SELECT n.nspname, x.\(prefix)name, NULL::name FROM pg_catalog.\(catalog) AS x
    JOIN pg_catalog.pg_namespace AS n ON n.oid = x.\(prefix)namespace WHERE \(condition)
    """
  }

  private static func constraint(_ types: String) -> String {
    """
    SELECT n.nspname, x.conname, COALESCE(t.relname, d.typname) FROM pg_catalog.pg_constraint AS x
    JOIN pg_catalog.pg_namespace AS n ON n.oid = x.connamespace
    LEFT JOIN pg_catalog.pg_class AS t ON t.oid = x.conrelid LEFT JOIN pg_catalog.pg_type AS d ON d.oid = x.contypid
    WHERE x.contype IN (\(types))
    """
  }

  private static func onTable(_ catalog: String, name: String, table: String) -> String {
    """
    SELECT n.nspname, x.\(name), t.relname FROM pg_catalog.\(catalog) AS x
    JOIN pg_catalog.pg_class AS t ON t.oid = x.\(table) JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
    """
  }

  private static func global(_ catalog: String, _ name: String) -> String {
    "SELECT NULL::name, x.\(name), NULL::name FROM pg_catalog.\(catalog) AS x"
  }
}
