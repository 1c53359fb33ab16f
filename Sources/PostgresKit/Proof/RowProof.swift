internal import RecoverBase

/// Counts the rows of every table that the dump has rows for.
struct RowProof {
  private let tables: [DumpTable]
  private let loadedRows: [SQLName: Int64]?

  init(_ request: ProofRequest) {
    var merged: [SQLName: DumpTable] = [:]
    var order: [SQLName] = []
    for table in request.segments.flatMap(\.tables) {
      if var known = merged[table.name] {
        known.rows += table.rows
        known.isExact = known.isExact && table.isExact
        merged[table.name] = known
      } else {
        merged[table.name] = table
        order.append(table.name)
      }
    }
    tables = order.compactMap { merged[$0] }
    loadedRows = request.loadedRows
  }

  /// A table of the dump as the catalog has it.
  private struct Found: Decodable {
    var index: Int
    var oid: UInt32?
    var schema: String?
    var name: String?
    var kind: String?
    /// The topmost partitioned table above it, or itself.
    var root: UInt32?
    var rootSchema: String?
    var rootName: String?
    var rootKind: String?
    var isOfExtension: Bool?
  }

  private struct Wanted: Encodable {
    var index: Int
    var schema: String?
    var name: String
  }

  /// One table at a time: names are looked up in bulk, rows can only be counted one table after the other.
  func compare(
    _ proof: inout RestoreProof, _ connection: inout Connection, _ progress: (SQLName, Int) -> Void
  ) throws {
    var trees: [(root: Found, members: [Found])] = []
    var indices: [UInt32: Int] = [:]
    for found in try look(&connection) {
      guard let root = found.root else {
        proof.add(.missingTable(tables[found.index].name))
        continue
      }
      if let index = indices[root] {
        trees[index].members.append(found)
      } else {
        indices[root] = trees.count
        trees.append((found, [found]))
      }
    }
    for (index, tree) in trees.enumerated() {
      progress(tables[tree.root.index].name, trees.count - index)
      if tree.root.rootKind == "p" {
        try comparePartitions(tree.root, tree.members, &proof, &connection)
      } else {
        for member in tree.members { try compare(member, &proof, &connection) }
      }
    }
  }

  private func look(_ connection: inout Connection) throws -> [Found] {
    var all: [Found] = []
    for start in stride(from: 0, to: tables.count, by: 5000) {
      let wanted = (start..<min(start + 5000, tables.count)).map { index in
        Wanted(index: index, schema: tables[index].name.schema, name: tables[index].name.name)
      }
      let json = String(decoding: try JSONValue.canonicalBytes(of: wanted), as: UTF8.self)
      all += try connection.document([Found].self, Self.lookUp, [json]) ?? []
    }
    return all
  }

  /// A name without a schema is the table of that name, the one in public first.
  private static let lookUp = """
    SELECT json_agg(json_build_object(
        'index', w.index, 'oid', t.oid::int8, 'schema', t.nspname, 'name', t.relname, 'kind', t.relkind,
        'root', r.oid::int8, 'rootSchema', rn.nspname, 'rootName', r.relname, 'rootKind', r.relkind,
        'isOfExtension', EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e')
      ) ORDER BY w.index)
    FROM json_to_recordset($1::json) AS w (index int, schema text, name text)
    LEFT JOIN LATERAL (
      SELECT c.oid, c.relname, c.relkind, n.nspname
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.relname = w.name::name AND (w.schema IS NULL OR n.nspname = w.schema::name)
        AND c.relkind IN ('r', 'p', 'f', 'v') AND n.nspname <> 'pg_catalog'
      ORDER BY n.nspname = 'public' DESC, n.nspname LIMIT 1) AS t ON true
    LEFT JOIN pg_catalog.pg_class AS r ON r.oid = COALESCE(pg_catalog.pg_partition_root(t.oid), t.oid)
    LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
    """

  /// The rows of one table alone, those of its children left out.
  private func compare(_ found: Found, _ proof: inout RestoreProof, _ connection: inout Connection) throws {
    let table = tables[found.index]
    guard found.kind == "r" else {
      proof.unproved.append("rows of \(table.name): they go through a view or to another server")
      return
    }
    let count = try count("SELECT count(*) FROM ONLY \(Self.quoted(found.schema, found.name))", &connection)
    proof.tables += 1
    proof.rows += count
    let loaded = self.loaded(table.name)
    if found.isOfExtension == true {
      // CREATE EXTENSION puts rows of its own there; those of the dump come on top.
      if count < table.rows || (loaded ?? table.rows) != table.rows {
        proof.add(.rows(table: table.name, expected: table.rows, found: loaded ?? count))
      }
    } else if let expected = table.isExact ? table.rows : loaded {
      if count != expected { proof.add(.rows(table: table.name, expected: expected, found: count)) }
    } else {
      proof.unproved.append("rows of \(table.name): the dump does not tell how many there are")
    }
  }

  /// The rows of a whole partitioned table, and of each partition where the dump names only those.
  ///
  /// Rows that the dump loads through the root may belong to any partition.
  private func comparePartitions(
    _ root: Found, _ members: [Found], _ proof: inout RestoreProof, _ connection: inout Connection
  ) throws {
    guard members.allSatisfy({ tables[$0.index].isExact }) else {
      proof.unproved.append("rows of \(tables[root.index].name): the dump does not tell how many there are")
      return
    }
    let counts = try connection.rows(
      "SELECT tableoid, count(*) FROM \(Self.quoted(root.rootSchema, root.rootName)) GROUP BY tableoid")
    var found: [UInt32: Int64] = [:]
    for row in counts {
      if let partition = row[0].flatMap({ UInt32($0) }) { found[partition] = row[1].flatMap { Int64($0) } ?? 0 }
    }
    let total = found.values.reduce(0, +)
    let expected = members.reduce(Int64(0)) { $0 + tables[$1.index].rows }
    proof.tables += members.count
    proof.rows += total
    if members.allSatisfy({ $0.kind == "r" }) {
      for member in members {
        let (table, count) = (tables[member.index], member.oid.flatMap { found[$0] } ?? 0)
        if count != table.rows { proof.add(.rows(table: table.name, expected: table.rows, found: count)) }
      }
    }
    if total != expected {
      let name = SQLName(schema: root.rootSchema, root.rootName ?? "")
      proof.add(.rows(table: name, expected: expected, found: total))
    }
  }

  private func count(_ sql: String, _ connection: inout Connection) throws -> Int64 {
    try connection.value(sql).flatMap { Int64($0) } ?? 0
  }

  /// The loader's key is the name as the dump writes it, which may lack the schema.
  private func loaded(_ name: SQLName) -> Int64? { loadedRows?[name] ?? loadedRows?[SQLName(name.name)] }

  private static func quoted(_ schema: String?, _ name: String?) -> String {
    Quoting.identifier(schema ?? "", name ?? "")
  }
}
