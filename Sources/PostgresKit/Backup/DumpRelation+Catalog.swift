internal import RecoverBase

/// Which schemas of a database are read; their names are of plain letters, digits and underscores.
struct DumpSchemas {
  /// nil is every one.
  var wanted: [String]?
  var leftOut: [String] = []

  fileprivate var parameters: [String?] { [wanted.map(Self.array), Self.array(leftOut)] }

  private static func array(_ names: [String]) -> String { "{\(names.joined(separator: ","))}" }
}

extension DumpRelation {
  /// What pg_dump writes the content of: tables and sequences outside of the system's schemas.
  ///
  /// Of what extensions made only what they marked with `pg_extension_config_dump`. Foreign and temporary tables are left
  /// out; on a standby unlogged ones too, since nobody can read them there.
  private static let chosen = """
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition FROM pg_catalog.pg_extension) AS x
      ON x.oid = c.oid
    WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
      AND (c.relpersistence <> 'u' OR NOT pg_catalog.pg_is_in_recovery())
      AND (x.oid IS NOT NULL
        OR n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'))
      AND ($1::pg_catalog.text[] IS NULL OR n.nspname = ANY ($1::pg_catalog.text[]))
      AND n.nspname <> ALL ($2::pg_catalog.text[])
    ORDER BY c.oid
    """

  private static let qualified = "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)"

  /// What is locked before the snapshot is taken.
  ///
  static func lockable(in schemas: DumpSchemas, _ connection: inout Connection) throws -> [Lockable] {
    try connection.rows("SELECT c.oid, \(qualified), c.relkind \(chosen)", schemas.parameters).compactMap { row in
      guard row[2] != Kind.sequence.rawValue else { return nil }
      return Lockable(oid: row[0] ?? "", qualified: row[1] ?? "")
    }
  }

  /// A table as it is locked.
  struct Lockable: Hashable {
    var oid: String
    var qualified: String
  }

  /// All of them by OID, with their pieces of SQL in the database's encoding.
  ///
  /// The connection speaks that encoding afterwards.
  static func read(
    encoding: String, in schemas: DumpSchemas, _ connection: inout Connection
  ) throws -> [DumpRelation] {
    let texts = try connection.query(query, schemas.parameters)
    guard encoding != "UTF8" else { return try relations(texts, bytes: texts) }
    // Read twice, since a name is a string for people and bytes for the server.
    try connection.speak(encoding)
    let bytes = try connection.query(query, schemas.parameters)
    guard texts.rowCount == bytes.rowCount else { throw RecoverError(.bug, "a snapshot changed") }
    return try relations(texts, bytes: bytes)
  }

  private static func relations(
    _ texts: borrowing QueryResult, bytes: borrowing QueryResult
  ) throws -> [DumpRelation] {
    var relations: [DumpRelation] = []
    relations.reserveCapacity(texts.rowCount)
    for row in 0..<texts.rowCount {
      guard let oid = texts[row, 0].flatMap({ UInt32($0) }), let kind = texts[row, 4].flatMap({ Kind(rawValue: $0) })
      else { throw RecoverError(.bug, "the catalog describes a table in an unknown form") }
      let relation = DumpRelation(
        oid: oid, name: SQLName(schema: texts[row, 1], texts[row, 2] ?? ""), kind: kind,
        isOfExtension: texts.boolean(row, 3) ?? false, heapBytes: texts.integer(row, 5) ?? 0,
        toastBytes: texts.integer(row, 6) ?? 0, mayDivide: texts.boolean(row, 7) ?? false,
        text: Text(
          qualified: bytes.bytes(row, 8), columns: bytes.bytes(row, 9), comment: bytes.bytes(row, 10),
          condition: bytes.bytes(row, 11), literal: bytes.bytes(row, 12)))
      relations.append(relation)
    }
    return relations
  }

  /// A table with a BRIN index, or one that is clustered, gains by the order of its rows.
  private static let query = """
    SELECT c.oid, n.nspname, c.relname, x.oid IS NOT NULL, c.relkind,
      CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) END,
      CASE WHEN c.relkind = 'r' AND c.reltoastrelid <> 0 THEN pg_catalog.pg_relation_size(c.reltoastrelid) END,
      c.relkind = 'r' AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap') AND c.relnatts > 0
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
          JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid JOIN pg_catalog.pg_am AS am ON am.oid = ic.relam
          WHERE i.indrelid = c.oid AND (i.indisclustered OR am.amname = 'brin')),
      \(qualified),
      (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
      pg_catalog.format(E'--\\n-- %sName: %s; Type: %s; Schema: %s; Owner: %s\\n--\\n\\n',
        CASE WHEN c.relkind = 'S' THEN '' ELSE 'Data for ' END,
        pg_catalog.translate(c.relname, E'\\n\\r', '  '),
        CASE WHEN c.relkind = 'S' THEN 'SEQUENCE SET' ELSE 'TABLE DATA' END,
        pg_catalog.translate(n.nspname, E'\\n\\r', '  '),
        pg_catalog.translate(pg_catalog.pg_get_userbyid(c.relowner), E'\\n\\r', '  ')),
      x.condition, pg_catalog.quote_literal(\(qualified))
    \(chosen)
    """
}

extension QueryResult {
  /// A value's bytes; none for NULL.
  func bytes(_ row: Int, _ column: Int) -> [UInt8] {
    withBytes(row, column) { bytes in
      guard let bytes else { return [] }
      return unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
  }
}
