internal import RecoverBase

/// An ordinary table that takes part in an exchange, as the catalog has it.
package struct ExchangeTable: Sendable, Hashable, Codable {
  package var oid: UInt32
  package var schema: String
  package var name: String
  /// The planner's estimate; nil where it has none.
  package var estimatedRows: Int64?
  package var bytes: Int64
  package var owner: String

  package var sqlName: SQLName { SQLName(schema: schema, name) }
  var quoted: String { Quoting.identifier(schema, name) }
}

extension ExchangeTable {
  /// What is known of a relation that has the name of a chosen table.
  private struct Found: Decodable {
    var oid: UInt32
    var schema: String
    var name: String
    var kind: String
    var persistence: String
    var isPart: Bool
    var estimatedRows: Int64
    var bytes: Int64
    var owner: String
    var ofExtension: String?
    var subscription: String?
  }

  /// The live tables with these names, and why any of them can't be exchanged.
  ///
  /// A name that nothing has is no refusal: the table was dropped, and comes back.
  package static func find(
    _ names: [SQLName], _ connection: inout Connection
  ) throws -> (tables: [ExchangeTable], refusals: [String]) {
    let asked = names.map { ["schema": $0.schema ?? "", "name": $0.name] }
    let json = String(decoding: try JSONValue.canonicalBytes(of: asked), as: UTF8.self)
    let found = try connection.document([Found].self, query, [json]) ?? []
    var (tables, refusals): ([ExchangeTable], [String]) = ([], [])
    for relation in found {
      let name = SQLName(schema: relation.schema, relation.name)
      if let reason = refusal(relation) {
        refusals.append("\(name) \(reason)")
      } else {
        tables.append(
          ExchangeTable(
            oid: relation.oid, schema: relation.schema, name: relation.name,
            estimatedRows: relation.estimatedRows < 0 ? nil : relation.estimatedRows, bytes: relation.bytes,
            owner: relation.owner))
      }
    }
    return (tables, refusals)
  }

  private static func refusal(_ relation: Found) -> String? {
    guard relation.kind == "r" else { return "is no ordinary table in the live database" }
    if relation.isPart { return "is a part of other tables, or has parts (partitions or inheritance)" }
    if let name = relation.ofExtension { return "belongs to extension \(name)" }
    if let name = relation.subscription { return "is filled by subscription \(name)" }
    return nil
  }

  /// pg_subscription can be read by superusers alone but for some columns.
  private static let query = """
    SELECT jsonb_agg(jsonb_build_object(
      'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
      'isPart', c.relispartition OR EXISTS (
        SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid),
      'estimatedRows', c.reltuples::int8, 'bytes', pg_catalog.pg_total_relation_size(c.oid),
      'owner', pg_catalog.pg_get_userbyid(c.relowner),
      'ofExtension', (SELECT e.extname FROM pg_catalog.pg_depend AS d
        JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' LIMIT 1),
      'subscription', (SELECT s.subname FROM pg_catalog.pg_subscription_rel AS r
        JOIN pg_catalog.pg_stat_subscription AS s ON s.subid = r.srsubid WHERE r.srrelid = c.oid LIMIT 1))
      ORDER BY n.nspname, c.relname)
    FROM jsonb_to_recordset($1::jsonb) AS w (schema text, name text)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema::name
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name::name
    """
}
