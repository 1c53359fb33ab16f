package import RecoverBase

extension Connection {
  /// Connects for administration: nothing ends the session early, names mean the catalog's, text is canonical.
  ///
  /// What `Server` and `Database` do expects a connection of this kind.
  package static func administrative(
    _ settings: ConnectionSettings, timeout: Duration? = nil, interruption: Interruption? = nil
  ) throws -> Connection {
    var connection = try Connection(settings, timeout: timeout, interruption: interruption)
    try connection.pin(.steady + .canonicalText)
    return connection
  }

  /// Runs a query whose one value is a JSON document, and reads it.
  ///
  /// The server builds the document, so that a fact is named once in the query and once in the type. A column that a
  /// version lacks is read through `to_jsonb(row) ->> 'column'`, which gives NULL there.
  mutating func document<Value: Decodable>(
    _ type: Value.Type, _ sql: String, _ parameters: [String?] = []
  ) throws -> Value? {
    guard let text = try value(sql, parameters) else { return nil }
    do {
      return try JSONValue.decode(type, from: Array(text.utf8))
    } catch {
      throw RecoverError(
        .bug, "the server of \(database) describes a \(type) in an unknown form", underlying: error)
    }
  }

  /// Waits a little between two looks at the server.
  ///
  /// - Throws: ``RecoverError`` `interrupted` when the connection's interruption is raised meanwhile.
  borrowing func pause(_ duration: Duration = .milliseconds(20)) throws {
    let interruption = self.interruption ?? Interruption()
    interruption.wait(atMost: duration)
    try interruption.check()
  }
}

/// The text form of an array of OIDs, as a parameter: `{1,2}`.
func oidArray(_ oids: [UInt32]) -> String { "{" + oids.map(String.init).joined(separator: ",") + "}" }
