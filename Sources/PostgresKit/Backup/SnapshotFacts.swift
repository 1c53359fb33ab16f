package import RecoverBase

/// What is known of a snapshot and its database, beside the tables.
package struct SnapshotFacts: Sendable, Hashable, Codable {
  package var database: String
  /// When the snapshot was taken, by the server's clock.
  package var time: WallTime
  /// Up to where the write-ahead log was written then, or replayed on a standby: `0/16B3748`.
  package var lsn: String
  package var isInRecovery: Bool
  package var serverVersion: String
  /// As one number: 150020 for 15.20.
  package var serverVersionNumber: Int
  package var encoding: String
  package var collate: String
  package var characterType: String
  /// Under which `money` is written.
  package var moneyLocale: String
  package var extensions: [Extension]
  /// The roles that own something in it, or have rights there.
  package var roles: [String]
  package var largeObjects: Int64
  /// The bytes of a page.
  package var blockBytes: Int64

  package struct Extension: Sendable, Hashable, Codable {
    package var name: String
    package var version: String
    package var schema: String
  }

  static func read(_ connection: inout Connection) throws -> SnapshotFacts {
    try connection.document(SnapshotFacts.self, query).orMissing("the server does not describe its database")
  }

  private static let query = """
    SELECT jsonb_build_object(
      'database', d.datname, 'time', \(microseconds("clock_timestamp()")),
      'lsn', CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
      'isInRecovery', pg_is_in_recovery(), 'serverVersion', current_setting('server_version'),
      'serverVersionNumber', current_setting('server_version_num')::int,
      'encoding', pg_encoding_to_char(d.encoding), 'collate', coalesce(d.datcollate, ''),
      'characterType', coalesce(d.datctype, ''), 'moneyLocale', current_setting('lc_monetary'),
      'extensions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
          'name', e.extname, 'version', e.extversion, 'schema', n.nspname) ORDER BY e.extname), '[]')
        FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace),
      'roles', (SELECT coalesce(jsonb_agg(r.rolname ORDER BY r.rolname), '[]') FROM pg_roles AS r
        WHERE r.oid IN (SELECT s.refobjid FROM pg_shdepend AS s
          WHERE s.dbid = d.oid AND s.refclassid = 'pg_authid'::regclass) OR r.oid = d.datdba),
      'largeObjects', (SELECT count(*) FROM pg_largeobject_metadata),
      'blockBytes', current_setting('block_size')::int)
    FROM pg_database AS d WHERE d.datname = current_database()
    """
}

/// A sequence as it stood while its database was dumped.
package struct SequenceValue: Sendable, Hashable, Codable {
  package var name: SQLName
  package var lastValue: Int64
  package var isCalled: Bool

  package init(name: SQLName, lastValue: Int64, isCalled: Bool) {
    self.name = name
    self.lastValue = lastValue
    self.isCalled = isCalled
  }

  /// Of all the sequences, in one query for some hundred of them.
  ///
  /// The connection speaks UTF-8.
  static func read(_ names: [SQLName], _ connection: inout Connection) throws -> [SequenceValue] {
    var values: [SequenceValue] = []
    for start in stride(from: 0, to: names.count, by: 250) {
      let parts = (start..<min(start + 250, names.count)).map { index in
        "SELECT \(index), last_value, is_called FROM \(Quoting.identifier(names[index].schema ?? "", names[index].name))"
      }
      let result = try connection.query(parts.joined(separator: " UNION ALL "))
      for row in 0..<result.rowCount {
        guard let index = result.integer(row, 0), let value = result.integer(row, 1),
          let isCalled = result.boolean(row, 2)
        else { throw RecoverError(.bug, "a sequence has no value") }
        values.append(SequenceValue(name: names[Int(index)], lastValue: value, isCalled: isCalled))
      }
    }
    return values
  }
}
