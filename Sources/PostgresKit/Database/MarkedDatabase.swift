internal import RecoverBase

/// A database that carries our breadcrumb, or that we began to make.
package struct MarkedDatabase: Sendable, Hashable, Codable {
  package var oid: UInt32
  package var name: String
  package var breadcrumb: Breadcrumb
  /// Nil where our role may not see it.
  package var sizeBytes: Int64?
  package var allowsConnections: Bool
}

extension MarkedDatabase {
  /// Every database of the server with a breadcrumb, by name.
  ///
  /// A breadcrumb that was copied to a database of another name (by hand, or by a dump with its comment) is no proof and
  /// left out.
  package static func list(_ connection: inout Connection) throws -> [MarkedDatabase] {
    let entries = try connection.document([Entry].self, query) ?? []
    return entries.compactMap { entry in
      guard let breadcrumb = Breadcrumb(comment: entry.comment), breadcrumb.databaseName == entry.name else {
        return nil
      }
      return MarkedDatabase(
        oid: entry.oid, name: entry.name, breadcrumb: breadcrumb, sizeBytes: entry.sizeBytes,
        allowsConnections: entry.allowsConnections)
    }
  }

  private struct Entry: Decodable {
    var oid: UInt32
    var name: String
    var comment: String
    var sizeBytes: Int64?
    var allowsConnections: Bool
  }

  private static let query = """
    SELECT jsonb_agg(jsonb_build_object(
      'oid', d.oid::bigint, 'name', d.datname, 'comment', shobj_description(d.oid, 'pg_database'),
      'sizeBytes', CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
        THEN pg_database_size(d.oid) END,
      'allowsConnections', d.datallowconn) ORDER BY d.datname)
    FROM pg_database AS d
    WHERE starts_with(shobj_description(d.oid, 'pg_database'), \(Quoting.literal(Breadcrumb.prefix)))
    """
}
