internal import RecoverBase

/// A schema that an exchange of tables made: the tables beside the live ones, or those that were replaced.
package struct KeptSchema: Sendable, Hashable, Codable {
  package var oid: UInt32
  package var name: String
  package var breadcrumb: Breadcrumb
  /// Its tables, by name.
  package var tables: [String]
  package var sizeBytes: Int64
}

extension KeptSchema {
  /// Every schema of the database with a breadcrumb whose name tells the same run and role, by name.
  package static func list(_ connection: inout Connection) throws -> [KeptSchema] {
    let entries = try connection.document([Entry].self, query) ?? []
    return entries.compactMap { entry in
      guard let breadcrumb = Breadcrumb(comment: entry.comment),
        entry.name.hasPrefix("recover_\(breadcrumb.role.rawValue)_\(breadcrumb.run)")
      else { return nil }
      return KeptSchema(
        oid: entry.oid, name: entry.name, breadcrumb: breadcrumb, tables: entry.tables ?? [],
        sizeBytes: entry.sizeBytes ?? 0)
    }
  }

  /// The names of the schemas of a database that are recover's own, and not the application's: those with a breadcrumb,
  /// and the record of a load that is at work.
  package static func own(_ connection: inout Connection) throws -> [String] {
    try list(&connection).map(\.name) + (LoadLedger.exists(&connection) ? [LoadLedger.schema] : [])
  }

  /// The schema with the record of a load that is at work.
  package static let ledger = LoadLedger.schema

  /// Whether a schema is called as recover calls its own: `recover_previous_01ng9r78bts3_2`, or that of a load's record.
  static func isName(_ name: String) -> Bool {
    if name.utf8.elementsEqual(ledger.utf8) { return true }
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    guard words.count == 3 || words.count == 4 && Int(words[3]) != nil else { return false }
    return words[0] == "recover" && SideRole(rawValue: String(words[1])) != nil && words[2].utf8.count == 12
      && words[2].utf8.allSatisfy { Ascii.isDigit($0) || $0 &- UInt8(ascii: "a") < 26 }
  }

  private struct Entry: Decodable {
    var oid: UInt32
    var name: String
    var comment: String
    var tables: [String]?
    var sizeBytes: Int64?
  }

  private static let query = """
    SELECT jsonb_agg(jsonb_build_object(
      'oid', n.oid::int8, 'name', n.nspname, 'comment', obj_description(n.oid, 'pg_namespace'),
      'tables', (SELECT jsonb_agg(c.relname ORDER BY c.relname) FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')),
      'sizeBytes', (SELECT sum(pg_total_relation_size(c.oid))::int8 FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relkind = 'r')) ORDER BY n.nspname)
    FROM pg_namespace AS n
    WHERE starts_with(obj_description(n.oid, 'pg_namespace'), \(Quoting.literal(Breadcrumb.prefix)))
    """

  /// Makes a schema to load into, in the open transaction or by itself.
  ///
  /// Every role may make something there, since a dump may change roles, and since whoever becomes the owner of a table
  /// must have that right; the schema is gone when the load is over.
  static func makeOpen(_ name: String, _ connection: inout Connection) throws {
    let quoted = Quoting.identifier(name)
    try connection.execute("CREATE SCHEMA \(quoted); GRANT USAGE, CREATE ON SCHEMA \(quoted) TO PUBLIC")
  }

  /// Makes a schema to load into with its breadcrumb in one transaction; does nothing where it is there already.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` for a schema of this name that is somebody else's.
  package static func make(_ name: String, _ breadcrumb: Breadcrumb, _ connection: inout Connection) throws {
    guard try connection.value("SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1", [name]) == nil else {
      guard try list(&connection).contains(where: { $0.name == name && $0.breadcrumb.run == breadcrumb.run }) else {
        throw RecoverError(
          .wrongTarget, "schema \(name) is there already, and does not say that run \(breadcrumb.run) made it",
          hint: "look whose it is; recover never drops what it did not make")
      }
      return
    }
    let quoted = Quoting.identifier(name)
    let text = Quoting.literal(try breadcrumb.text())
    try connection.transaction { connection in
      try makeOpen(name, &connection)
      try connection.execute("COMMENT ON SCHEMA \(quoted) IS \(text)")
    }
  }

  package static func comment(_ name: String, _ breadcrumb: Breadcrumb, _ connection: inout Connection) throws {
    try connection.execute(
      "COMMENT ON SCHEMA \(Quoting.identifier(name)) IS \(Quoting.literal(try breadcrumb.text()))")
  }

  /// Drops schemas of a run with everything that was loaded or kept in them, and nothing else.
  ///
  /// What somebody else made to depend on the tables meanwhile is an error, never dropped along.
  ///
  /// - Returns: whether any was there.
  @discardableResult
  package static func drop(_ names: [String], run: String, _ connection: inout Connection) throws -> Bool {
    let present = try list(&connection).filter { names.contains($0.name) && $0.breadcrumb.run == run }
    guard !present.isEmpty else { return false }
    try connection.transaction { connection in
      try connection.execute("SET LOCAL lock_timeout = '30s'")
      let tables = present.flatMap { schema in schema.tables.map { Quoting.identifier(schema.name, $0) } }
      // In one command, so that foreign keys among them are in nobody's way.
      if !tables.isEmpty { try connection.execute("DROP TABLE \(tables.joined(separator: ", "))") }
      let oids = oidArray(present.map(\.oid))
      let left = try connection.rows(
        "SELECT oid::regclass FROM pg_catalog.pg_class WHERE relnamespace = ANY ($1::oid[]) AND relkind = 'S'", [oids])
      for sequence in left { try connection.execute("DROP SEQUENCE \(sequence[0] ?? "")") }
      for schema in present { try connection.execute("DROP SCHEMA \(Quoting.identifier(schema.name))") }
    }
    return true
  }
}
