internal import RecoverBase

/// How far a database's load is, as its catalog tells.
package enum LoadProbe: Sendable, Hashable {
  /// No load has begun, or one that was finished with another breadcrumb.
  case notStarted
  case inProgress(LoadMark)
  case finished

  /// Asks a database.
  ///
  /// - Parameter breadcrumb: the comment that the load was to finish with.
  package static func read(
    _ connection: inout Connection, _ place: LoadPlace = .database, breadcrumb: String
  ) throws -> LoadProbe {
    if try LoadLedger.exists(&connection) {
      let row = try connection.query(
        """
        SELECT newest.sequence, newest.offset_bytes, newest.line, first.identity
        FROM recover_ledger.progress AS newest, recover_ledger.progress AS first
        WHERE first.sequence = 0 ORDER BY newest.sequence DESC LIMIT 1
        """)
      guard !row.isEmpty else { return .notStarted }
      return .inProgress(
        LoadMark(
          sequence: row.integer(0, 0) ?? 0, offsetBytes: row.integer(0, 1) ?? 0, line: row.integer(0, 2) ?? 0,
          identity: row[0, 3] ?? ""))
    }
    return try place.comment(&connection) == breadcrumb ? .finished : .notStarted
  }
}

/// What carries the comment that says that a load is finished.
package enum LoadPlace: Sendable, Hashable {
  /// The database that is loaded.
  case database
  /// A schema of a database that others use.
  case schema(String)

  fileprivate func comment(_ connection: inout Connection) throws -> String? {
    switch self {
    case .database:
      try connection.value(
        """
        SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database
        WHERE datname = pg_catalog.current_database()
        """)
    case .schema(let name):
      try connection.value(
        "SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = $1",
        [name])
    }
  }
}

extension LoadRequest {
  package var place: LoadPlace { staging.map { .schema($0.commentedSchema) } ?? .database }
}

/// The newest commit of a load.
package struct LoadMark: Sendable, Hashable, Codable {
  package var sequence: Int64
  /// In the uncompressed dump.
  package var offsetBytes: Int64
  package var line: Int64
  /// What the dump is, as the load was told.
  package var identity: String
}
