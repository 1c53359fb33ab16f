internal import RecoverBase

extension PinnedSettings {
  /// What makes COPY TO write each row as pg_dump does, in physical order, and the same on every server.
  ///
  /// `lc_monetary` is left as the database has it, since `money` is read back under it.
  static let dumping = PinnedSettings([
    "TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "extra_float_digits": "3",
    "bytea_output": "hex", "quote_all_identifiers": "off", "search_path": "", "synchronize_seqscans": "off",
    // A part of a table is read by a scan over its pages, never by several workers out of order.
    "enable_tidscan": "on", "max_parallel_workers_per_gather": "0",
  ])
}

extension Connection {
  /// Connects to read rows: nothing ends the session early, row-level security is an error, text is canonical.
  static func dumping(_ settings: ConnectionSettings, interruption: Interruption?) throws -> Connection {
    var connection = try Connection(settings, interruption: interruption)
    try connection.pin(.steady + .everyRow + .dumping)
    return connection
  }

  /// Lets text come and go in the bytes of an encoding; nothing that is read as a string is one then.
  mutating func speak(_ encoding: String) throws {
    try execute("SET client_encoding = \(Quoting.literal(encoding))")
  }
}
