internal import RecoverBase

/// What the catalog says of a table, once the schema is there, that decides how its rows may be loaded.
struct TableFacts: Sendable, Hashable, Codable {
  var oid: UInt32
  /// As in pg_class: `r` for an ordinary table, `p` for a partitioned one.
  var kind: String
  /// The top of its tree of partitions; itself where it has none.
  var root: UInt32
  var isPartition: Bool
  /// What fires when rows come in, or looks at rows of another table: by its name.
  var trigger: String?
  var foreignKey: String?
  var rule: String?
  /// Columns that draw from a sequence, or call a function of the user's, where a row leaves them out.
  var drawnColumns: [String]
  /// Whether a check, a domain or a computed value calls a function of the user's, which may read other tables.
  var asksFunctions: Bool
}

/// The tables of a dump: their names as the dump writes them, and what the catalog says of them.
struct TableCatalog: Sendable {
  /// A name without a schema means what `search_path` makes of it where it stands.
  struct Key: Sendable, Hashable {
    var name: SQLName
    var session: SessionState?

    init(_ name: SQLName, _ session: SessionState) {
      self.name = name
      self.session = name.schema == nil ? session : nil
    }
  }

  var oids: [Key: UInt32] = [:]
  /// Of the tables that have names in the dump, and of all partitions in their trees.
  var facts: [UInt32: TableFacts] = [:]
  var hasEventTriggers = false

  func facts(_ name: SQLName, _ session: SessionState) -> TableFacts? {
    oids[Key(name, session)].flatMap { facts[$0] }
  }

  /// Every table of each tree, by its top.
  private(set) var trees: [UInt32: [UInt32]] = [:]

  /// The tables that rows which are sent to a table may end up in, itself among them.
  func targets(of table: TableFacts) -> [UInt32] { table.kind == "p" ? trees[table.root] ?? [table.oid] : [table.oid] }

  func asksFunctions(_ table: TableFacts) -> Bool {
    targets(of: table).contains { facts[$0]?.asksFunctions == true }
  }
}

extension TableCatalog {
  /// Asks for the tables of a dump; the session's settings are those of the last commit afterwards.
  init(_ layout: LoadLayout, _ session: LoadSession) throws {
    var names: [SessionState?: Set<SQLName>] = [:]
    for (name, state) in layout.tableNames { names[Key(name, state).session, default: []].insert(name) }
    for (state, names) in names {
      if let state { try session.assume(state) }
      let sorted = names.sorted { $0.description < $1.description }
      let quoted = sorted.map { name in
        name.schema.map { Quoting.identifier($0, name.name) } ?? Quoting.identifier(name.name)
      }
      let found = try session.connection.document([UInt32?].self, Self.lookUp, [LoadLedger.ascii(quoted)]) ?? []
      for (name, oid) in zip(sorted, found) where oid != nil { oids[Key(name, state ?? SessionState())] = oid }
    }
    try session.resetSettings()
    // Compiling the query takes a hundred times as long as running it.
    try session.connection.execute("SET search_path = pg_catalog; SET jit = off")
    let wanted = oids.values.map(String.init).joined(separator: ",")
    let list = try session.connection.document([TableFacts].self, Self.query, ["{\(wanted)}"]) ?? []
    for table in list {
      facts[table.oid] = table
      trees[table.root, default: []].append(table.oid)
    }
    hasEventTriggers = try session.connection.value("SELECT EXISTS (SELECT FROM pg_event_trigger)") == "t"
    try session.assume(session.committed.session)
  }

  private static let lookUp = """
    SELECT pg_catalog.jsonb_agg(pg_catalog.to_regclass(name)::oid::bigint ORDER BY number)
    FROM pg_catalog.jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS names (name, number)
    """

  private static let query = """
    WITH named AS (SELECT unnest($1::oid[]) AS oid),
    listed AS (
      SELECT oid FROM named
      UNION SELECT t.relid FROM named, pg_partition_tree(COALESCE(pg_partition_root(oid), oid)) AS t),
    -- Functions that the user wrote, and not in C.
    function AS (
      SELECT p.oid FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
      WHERE l.lanname NOT IN ('internal', 'c') AND p.oid >= 16384),
    asking AS (
      SELECT d.classid, d.objid FROM pg_depend AS d JOIN function AS f ON f.oid = d.refobjid
      WHERE d.refclassid = 'pg_proc'::regclass
      UNION SELECT d.classid, d.objid FROM pg_depend AS d JOIN pg_operator AS o ON o.oid = d.refobjid
        JOIN function AS f ON f.oid = o.oprcode
      WHERE d.refclassid = 'pg_operator'::regclass),
    domain AS (
      SELECT EXISTS (SELECT FROM pg_constraint AS k, asking AS a
        WHERE k.contypid <> 0 AND a.classid = 'pg_constraint'::regclass AND a.objid = k.oid) AS asks),
    asking_table AS (
      SELECT k.conrelid AS oid FROM pg_constraint AS k, asking AS a
        WHERE a.classid = 'pg_constraint'::regclass AND a.objid = k.oid AND k.contype = 'c'
      UNION SELECT e.adrelid FROM pg_attrdef AS e, asking AS a
        WHERE a.classid = 'pg_attrdef'::regclass AND a.objid = e.oid
      UNION SELECT a.objid FROM asking AS a WHERE a.classid = 'pg_class'::regclass
      UNION SELECT i.indrelid FROM pg_index AS i, asking AS a
        WHERE a.classid = 'pg_class'::regclass AND a.objid = i.indexrelid
      UNION SELECT c.attrelid FROM pg_attribute AS c, domain WHERE domain.asks AND c.atttypid >= 16384),
    drawing AS (
      SELECT e.adrelid AS oid, e.adnum AS number FROM pg_attrdef AS e
      WHERE strpos(pg_get_expr(e.adbin, e.adrelid), 'nextval') > 0
        OR EXISTS (SELECT FROM asking AS a WHERE a.classid = 'pg_attrdef'::regclass AND a.objid = e.oid))
    SELECT jsonb_agg(jsonb_build_object(
      'oid', c.oid::bigint, 'kind', c.relkind, 'root', COALESCE(pg_partition_root(c.oid), c.oid)::oid::bigint,
      'isPartition', c.relispartition,
      'trigger', (SELECT min(t.tgname) FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
      'foreignKey', (SELECT min(k.conname) FROM pg_constraint AS k
        WHERE k.contype = 'f' AND (k.conrelid = c.oid OR k.confrelid = c.oid)),
      'rule', (SELECT min(r.rulename) FROM pg_rewrite AS r WHERE r.ev_class = c.oid),
      'drawnColumns', (SELECT COALESCE(jsonb_agg(a.attname), '[]') FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
          AND (a.attidentity <> '' OR EXISTS (
            SELECT FROM drawing AS d WHERE d.oid = c.oid AND d.number = a.attnum))),
      'asksFunctions', EXISTS (SELECT FROM asking_table AS a WHERE a.oid = c.oid)))
    FROM pg_class AS c JOIN listed ON listed.oid = c.oid
    """
}

extension LoadLayout {
  /// Every table whose rows or indexes the parallel stages may touch.
  var tableNames: [(SQLName, SessionState)] {
    var names: [(SQLName, SessionState)] = []
    for entry in data {
      switch entry.kind {
      case .copy(let block): names.append((block.copy.table, entry.position.session))
      case .inserts(let run): names.append((run.table, entry.position.session))
      case .largeObjects, .setval, .session: break
      }
    }
    for statement in later {
      if let table = statement.kind.table { names.append((table, statement.position.session)) }
    }
    return names
  }
}

extension LoadLayout.LaterStatement.Kind {
  /// The table that is locked.
  var table: SQLName? {
    switch self {
    case .index(let index): index.table
    case .key(let key): key.table
    case .constraint(let table), .clusterOn(let table): table
    case .foreignKey(let key): key.table
    case .session, .other: nil
    }
  }
}
