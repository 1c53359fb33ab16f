package import RecoverBase

/// A database that a run made to load into, beside the live one: making it, finding it again, dropping it.
///
/// Every call is idempotent, and proves that the database is the run's own: by its name, its OID and its breadcrumb.
package struct SideDatabase: Sendable, Hashable, Codable {
  package var name: String
  package var run: String

  /// The run's side database for a target.
  package init(target: String, run: String) {
    name = SideNames.name(of: .side, target: target, run: run)
    self.run = run
  }

  /// The run's database under a name of its own choice: of another role, or for a restore in place.
  package init(name: String, run: String) {
    self.name = name
    self.run = run
  }
}

extension SideDatabase {
  /// What is there under the name.
  package enum Presence: Sendable, Hashable {
    case absent
    /// Ours: made, but a crash came before its breadcrumb. Nothing is in it.
    case unmarked(oid: UInt32)
    /// Ours; the breadcrumb tells how far its load has come.
    case ours(oid: UInt32, Breadcrumb)
    /// Ours or not: a DROP DATABASE was interrupted, and can only be repeated.
    case broken(oid: UInt32)
    /// Not ours.
    case foreign(oid: UInt32, comment: String?)
  }

  package func probe(_ connection: inout Connection) throws -> Presence {
    guard let facts = try DatabaseFacts.read(name, &connection) else { return .absent }
    return presence(of: facts)
  }

  func presence(of facts: DatabaseFacts) -> Presence {
    if facts.isBroken { return .broken(oid: facts.oid) }
    if let breadcrumb = Breadcrumb(comment: facts.comment), breadcrumb.run == run {
      return .ours(oid: facts.oid, breadcrumb)
    }
    let isMarkedByLimit = facts.connectionLimit == creationMark && !facts.allowsConnections && facts.comment == nil
    return isMarkedByLimit ? .unmarked(oid: facts.oid) : .foreign(oid: facts.oid, comment: facts.comment)
  }

  /// The connection limit between CREATE DATABASE and the breadcrumb.
  ///
  /// CREATE DATABASE can't be in a transaction with COMMENT, so that the statement itself must carry a proof: closed to
  /// everybody, and with a limit that nobody else would choose.
  var creationMark: Int {
    1_000_000_000 + Int(Digest(of: run.utf8).bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % 1_000_000_000)
  }
}

extension SideDatabase {
  /// Makes the database, empty, and leaves the breadcrumb in it.
  ///
  /// What an earlier attempt left half made is dropped first. An own database that is there already is taken as it is.
  ///
  /// - Returns: its OID.
  /// - Throws: ``RecoverError``: `missingRequirement` with the right that is missing, `wrongTarget` when the name is
  ///   somebody else's.
  @discardableResult
  package func create(
    _ creation: DatabaseCreation, breadcrumb: Breadcrumb, _ connection: inout Connection, until deadline: Deadline
  ) throws -> UInt32 {
    switch try probe(&connection) {
    case .absent: break
    case .ours(let oid, _): return oid
    case .unmarked(let oid), .broken(let oid): try drop(oid: oid, &connection, until: deadline)
    case .foreign(let oid, _): throw foreignError(oid)
    }
    try make(creation, &connection)
    guard case .unmarked(let oid) = try probe(&connection) else {
      throw RecoverError(.busy, "database \(name) was changed by somebody while it was made")
    }
    let quoted = Quoting.identifier(name)
    let comment = Quoting.literal(try breadcrumb.text())
    try connection.alterDatabase(name, oid: oid) { connection in
      try connection.execute("ALTER DATABASE \(quoted) WITH ALLOW_CONNECTIONS true CONNECTION LIMIT -1")
      try connection.execute("COMMENT ON DATABASE \(quoted) IS \(comment)")
    }
    return oid
  }

  private func make(_ creation: DatabaseCreation, _ connection: inout Connection) throws {
    let tablespace = try connection.value(
      """
      SELECT t.spcname FROM pg_database AS d JOIN pg_tablespace AS t ON t.oid = d.dattablespace
      WHERE d.datname = 'template0'
      """)
    let sql = creation.sql(
      name: name, serverVersion: connection.serverVersion, defaultTablespace: tablespace ?? "pg_default",
      further: "ALLOW_CONNECTIONS false CONNECTION LIMIT \(creationMark)")
    do {
      try connection.execute(sql)
    } catch let error as RecoverError where !connection.isLost {
      guard let postgres = error.postgres else { throw error }
      var described = postgres.recoverError("can't create database \(name)")
      described.code = error.code
      if error.sqlState == .insufficientPrivilege {
        let missing = try MissingRight.toCreate(creation, Account.read(&connection), &connection)
        if let right = missing.first {
          described.message += "; " + missing.map(\.message).joined(separator: "; ")
          described.hint = right.hint
        }
      }
      throw described
    }
  }

  /// Writes down how far the load has come.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` when the database is not ours any more.
  package func mark(_ state: Breadcrumb.State, _ connection: inout Connection) throws {
    guard case .ours(let oid, var breadcrumb) = try probe(&connection) else {
      throw RecoverError(.wrongTarget, "database \(name) is not the one that run \(run) made")
    }
    guard breadcrumb.state != state else { return }
    breadcrumb.state = state
    let comment = Quoting.literal(try breadcrumb.text())
    try connection.alterDatabase(name, oid: oid) { connection in
      try connection.execute("COMMENT ON DATABASE \(Quoting.identifier(name)) IS \(comment)")
    }
  }

  /// Whether a database of ours holds no table, sequence or function of a user; connects to it.
  package func isEmpty(_ settings: ConnectionSettings, interruption: Interruption? = nil) throws -> Bool {
    var connection = try Connection.administrative(settings.replacing(database: name), interruption: interruption)
    let firstUserOID = 16_384
    return try connection.value(
      """
      SELECT NOT EXISTS (SELECT FROM pg_class WHERE oid >= \(firstUserOID))
        AND NOT EXISTS (SELECT FROM pg_proc WHERE oid >= \(firstUserOID))
        AND NOT EXISTS (SELECT FROM pg_type WHERE oid >= \(firstUserOID))
        AND NOT EXISTS (SELECT FROM pg_largeobject_metadata)
      """) == "t"
  }

  private func foreignError(_ oid: UInt32) -> RecoverError {
    RecoverError(
      .wrongTarget, "database \(name) (OID \(oid)) is there already, and run \(run) did not make it",
      hint: "look what it is: \\l+ in psql; rename or drop it yourself, then go on")
  }
}

extension SideDatabase {
  /// Drops the database, if it is ours and has the OID.
  ///
  /// - Parameter oid: what the journal says; nil trusts the breadcrumb alone.
  /// - Returns: whether it was there.
  /// - Throws: ``RecoverError`` `wrongTarget` when it is not ours; `busy` when sessions stay or something holds it.
  @discardableResult
  package func drop(
    oid: UInt32? = nil, _ connection: inout Connection, until deadline: Deadline
  ) throws -> Bool {
    let found: UInt32
    switch try probe(&connection) {
    case .absent: return false
    case .foreign(let other, _): throw foreignError(other)
    case .unmarked(let own), .ours(let own, _), .broken(let own): found = own
    }
    guard oid == nil || oid == found else { throw foreignError(found) }
    try DatabaseDrop(name: name, oid: found).perform(&connection, until: deadline)
    return true
  }
}
