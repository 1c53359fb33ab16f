package import RecoverBase

/// Everything about a database that is not inside of it: what `pg_dump -C` prints of it and CREATE DATABASE repeats.
///
/// A few hundred bytes as JSON, unless somebody made thousands of settings.
package struct DatabaseFacts: Sendable, Hashable, Codable {
  package var oid: UInt32
  package var name: String
  package var owner: String
  /// As PostgreSQL names it: `UTF8`.
  package var encoding: String
  package var locale: DatabaseLocale
  package var tablespace: String
  package var allowsConnections: Bool
  /// -1 for no limit; -2 marks a database whose DROP was interrupted.
  package var connectionLimit: Int
  package var isTemplate: Bool
  /// The ACL as text, an item an element: `app=c*/owner`; nil where the defaults were never touched.
  package var acl: [String]?
  /// The same, item by item and privilege by privilege, in the ACL's order.
  package var grants: [DatabaseGrant]
  /// In the order they were made.
  package var settings: [DatabaseSetting]
  /// By the role's name.
  package var roleSettings: [RoleSettings]
  package var comment: String?
  /// By provider.
  package var securityLabels: [SecurityLabel]
  /// Nil where our role may not see it.
  package var sizeBytes: Int64?

  package struct SecurityLabel: Sendable, Hashable, Codable {
    package var provider: String
    package var label: String
  }

  /// Whether a DROP DATABASE was interrupted: nothing but another DROP is possible (PostgreSQL 15.4 and its like).
  package var isBroken: Bool { connectionLimit == -2 }
  /// What a database needs that looks like this one.
  package var size: ByteCount? { sizeBytes.map { ByteCount($0) } }
}

extension DatabaseFacts {
  /// The facts of a database; nil where no database has the name.
  package static func read(_ name: String, _ connection: inout Connection) throws -> DatabaseFacts? {
    try connection.document(DatabaseFacts.self, query + "WHERE d.datname = $1", [name])
  }

  /// The facts of the database with an OID, whatever its name is now.
  package static func read(oid: UInt32, _ connection: inout Connection) throws -> DatabaseFacts? {
    try connection.document(DatabaseFacts.self, query + "WHERE d.oid = $1::oid", [String(oid)])
  }

  /// The OID of a name; nil where no database has it.
  package static func oid(of name: String, _ connection: inout Connection) throws -> UInt32? {
    try connection.value("SELECT oid FROM pg_database WHERE datname = $1", [name]).flatMap { UInt32($0) }
  }

  /// One statement, and so one snapshot.
  ///
  /// Columns came and went: datlocprovider, daticulocale and datcollversion in 15, daticurules in 16, and in 17
  /// daticulocale became datlocale. A value can hold a `=` too.
  private static let query = """
    SELECT jsonb_build_object(
      'oid', d.oid::bigint, 'name', d.datname, 'owner', pg_get_userbyid(d.datdba),
      'encoding', pg_encoding_to_char(d.encoding),
      'locale', jsonb_build_object(
        'provider', coalesce(j ->> 'datlocprovider', 'c'), 'collate', d.datcollate, 'ctype', d.datctype,
        'name', coalesce(j ->> 'datlocale', j ->> 'daticulocale'), 'rules', j ->> 'daticurules',
        'version', j ->> 'datcollversion'),
      'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = d.dattablespace),
      'allowsConnections', d.datallowconn, 'connectionLimit', d.datconnlimit, 'isTemplate', d.datistemplate,
      'acl', to_jsonb(d.datacl::text[]),
      'grants', (SELECT coalesce(jsonb_agg(jsonb_build_object(
          'grantor', pg_get_userbyid(x.grantor),
          'grantee', CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END,
          'privilege', x.privilege_type, 'isGrantable', x.is_grantable) ORDER BY x.ordinality), '[]')
        FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) WITH ORDINALITY AS x),
      'settings', (SELECT coalesce(jsonb_agg(\(setting) ORDER BY c.ordinality), '[]')
        FROM pg_db_role_setting AS s, unnest(s.setconfig) WITH ORDINALITY AS c (pair)
        WHERE s.setdatabase = d.oid AND s.setrole = 0),
      'roleSettings', (SELECT coalesce(jsonb_agg(jsonb_build_object(
          'role', pg_get_userbyid(s.setrole),
          'settings', (SELECT jsonb_agg(\(setting) ORDER BY c.ordinality)
            FROM unnest(s.setconfig) WITH ORDINALITY AS c (pair))) ORDER BY pg_get_userbyid(s.setrole)), '[]')
        FROM pg_db_role_setting AS s WHERE s.setdatabase = d.oid AND s.setrole <> 0),
      'comment', shobj_description(d.oid, 'pg_database'),
      'securityLabels', (SELECT coalesce(jsonb_agg(jsonb_build_object('provider', l.provider, 'label', l.label)
          ORDER BY l.provider), '[]')
        FROM pg_shseclabel AS l WHERE l.classoid = 'pg_database'::regclass AND l.objoid = d.oid),
      'sizeBytes', CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
        THEN pg_database_size(d.oid) END)
    FROM pg_database AS d, to_jsonb(d) AS j\u{20}
    """

  private static let setting = """
    jsonb_build_object('name', split_part(c.pair, '=', 1), 'value', substr(c.pair, strpos(c.pair, '=') + 1))
    """
}
