internal import RecoverBase

/// Server settings that a session pins, so that no default of a role, a database or the server spoils its work.
package struct PinnedSettings: Sendable, Hashable {
  /// By name; of a name that the server does not know, nothing is set.
  package private(set) var values: [String: String]

  package init(_ values: [String: String]) { self.values = values }

  /// What every session of ours needs: nothing ends it early, and it may write.
  ///
  /// Left alone are `search_path`, `DateStyle`, `TimeZone` and their like, which decide how a hand-written dump is
  /// read: it is loaded as psql would load it.
  package static let steady = PinnedSettings([
    "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0", "transaction_timeout": "0", "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed", "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on", "client_min_messages": "notice",
    // So that a backend whose client was killed does not go on for hours (since 14).
    "client_connection_check_interval": "500ms",
  ])

  /// What makes the text of every value the same on every server, for hashes and comparisons.
  package static let canonicalText = PinnedSettings([
    "TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "extra_float_digits": "3",
    "bytea_output": "hex", "xmlbinary": "base64", "quote_all_identifiers": "off", "search_path": "",
    "lc_monetary": "C",
  ])

  /// What makes row-level security an error instead of rows that silently lack.
  package static let everyRow = PinnedSettings(["row_security": "off"])

  /// Both; the second wins.
  package static func + (first: PinnedSettings, second: PinnedSettings) -> PinnedSettings {
    PinnedSettings(first.values.merging(second.values) { $1 })
  }
}

extension Connection {
  /// Pins settings for the session, in one round trip.
  ///
  /// Call it outside of a transaction: a rollback would undo it.
  package mutating func pin(_ settings: PinnedSettings) throws {
    if let timeout = settings.values["statement_timeout"] { try pinStatementTimeout(timeout) }
    let pairs = settings.values.sorted { $0.key < $1.key }
    let rows = pairs.map { "(\(Quoting.literal($0.key)), \(Quoting.literal($0.value)))" }.joined(separator: ", ")
    _ = try query(
      """
      SELECT pg_catalog.set_config(known.name, wanted.value, false)
      FROM (VALUES \(rows)) AS wanted (name, value), pg_catalog.pg_settings AS known
      WHERE pg_catalog.lower(known.name) OPERATOR(pg_catalog.=) pg_catalog.lower(wanted.name)
      """)
  }

  /// Sets the timeout by itself first: a role's default of 1 ms would end the query above, and now and then even this.
  private mutating func pinStatementTimeout(_ value: String) throws {
    var attempts = 0
    while true {
      attempts += 1
      do {
        try execute("SET statement_timeout = \(Quoting.literal(value))")
        return
      } catch let error as RecoverError where error.sqlState == .queryCanceled && attempts < 20 {
        continue
      }
    }
  }
}
