internal import RecoverBase

/// Makes the tables without their rows beside the live ones, looks at what came of it, and rolls everything back.
///
/// So what a load would fail at, and what the exchange would, is known before a row is read: roles, types, functions and
/// rights that are missing, columns that a view needs, names that something else has. It takes no lock that another
/// session waits for: of live tables it only reads the definitions.
package struct StagingRehearsal: Sendable {
  private let script: StagingScript
  let places: ExchangePlaces
  let live: [ExchangeTable]
  let dependents: [Dependent]

  package init(_ script: StagingScript, _ places: ExchangePlaces, live: [ExchangeTable], dependents: [Dependent]) {
    self.script = script
    self.places = places
    self.live = live
    self.dependents = dependents
  }

  package struct Findings: Sendable, Hashable {
    /// What the tables can't be exchanged for, each one line.
    package var problems: [String] = []
    /// What will be otherwise than it is now, each one line.
    package var differences: [String] = []

    package init() {}
  }

  /// More errors than these say nothing new.
  private static let problemLimit = 8

  package func perform(_ connection: inout Connection) throws -> Findings {
    try perform(&connection) { try look(&$0, &$1) }
  }

  /// Makes the tables, and looks at them by other means than an exchange does.
  ///
  /// - Parameter look: is called where they could be made; what it does is rolled back as well.
  package func perform(
    _ connection: inout Connection, looking look: (inout Connection, inout Findings) throws -> Void
  ) throws -> Findings {
    var findings = Findings()
    try connection.execute("BEGIN; SET LOCAL lock_timeout = '10s'")
    do {
      for schema in places.schemas(.side) { try KeptSchema.makeOpen(schema, &connection) }
      try makeTables(&connection, &findings)
      if findings.problems.isEmpty { try look(&connection, &findings) }
    } catch {
      rollBack(&connection)
      throw error
    }
    rollBack(&connection)
    return findings
  }

  private func rollBack(_ connection: inout Connection) {
    let held = connection.interruption
    connection.interruption = nil
    if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
    connection.interruption = held
  }

  private func makeTables(_ connection: inout Connection, _ findings: inout Findings) throws {
    for statement in script.statements {
      let problem = try attempt(&connection) { try $0.execute(bytes: statement.text.bytes) }
      guard let problem else { continue }
      // A setting that came with a later version is known to be harmless.
      if statement.isSetting, problem.sqlState == .undefinedObject { continue }
      findings.problems.append("line \(statement.line) of the backup: \(problem.message)")
      if findings.problems.count >= Self.problemLimit { break }
    }
    // What the dump set is not what is looked at by.
    try connection.execute("RESET SESSION AUTHORIZATION; RESET ROLE; SET search_path TO ''; RESET client_encoding")
  }

  /// Runs something that may fail without ending the transaction.
  ///
  /// - Returns: what the server said.
  func attempt(
    _ connection: inout Connection, _ body: (inout Connection) throws -> Void
  ) throws -> RecoverError? {
    try connection.execute("SAVEPOINT attempt")
    do {
      try body(&connection)
      try connection.execute("RELEASE SAVEPOINT attempt")
      return nil
    } catch let error as RecoverError where error.sqlState != nil && error.sqlState != SQLState.none {
      if connection.isLost || error.code == .interrupted { throw error }
      try connection.execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
      return error
    }
  }
}

// MARK: What came of it

extension StagingRehearsal {
  private func look(_ connection: inout Connection, _ findings: inout Findings) throws {
    let staged = try staged(&connection)
    findings.problems += try takenNames(&connection)
    findings.problems += try KeyViolations.missingTables(script, &connection)
    let missing = try missingColumns(staged, &connection)
    findings.problems += missing
    findings.problems += try missingKeys(staged, &connection)
    findings.problems += try changedMeanings(staged, &connection)
    if missing.isEmpty { try makeDependents(&connection, &findings) }
    findings.differences += try namingValues(&connection)
    for table in live {
      guard let oid = staged[table.oid] else { continue }
      findings.differences += try TableDifferences.read(live: table, staged: oid, &connection)
    }
  }

  /// The new tables, by the OID of the live one.
  private func staged(_ connection: inout Connection) throws -> [UInt32: UInt32] {
    var staged: [UInt32: UInt32] = [:]
    for table in live {
      let name = Quoting.identifier(places.schema(.side, of: table.schema), table.name)
      let oid = try connection.value("SELECT pg_catalog.to_regclass($1)::oid", [name])
      staged[table.oid] = oid.flatMap { UInt32($0) }
    }
    return staged
  }

  /// Names of new indexes and sequences that something live has which stays.
  private func takenNames(_ connection: inout Connection) throws -> [String] {
    try ExchangeNames.taken(places, role: .side, leaving: live.map(\.oid), &connection)
  }

  private func missingColumns(_ staged: [UInt32: UInt32], _ connection: inout Connection) throws -> [String] {
    var problems: [String] = []
    for dependent in dependents where dependent.refusal == nil {
      for column in dependent.columns {
        guard let oid = staged[column.table], let table = live.first(where: { $0.oid == column.table }) else {
          continue
        }
        let found = try connection.value(
          "SELECT true FROM pg_catalog.pg_attribute WHERE attrelid = $1::oid AND attname = $2::name AND attnum > 0",
          ["\(oid)", column.name])
        guard found == nil else { continue }
        problems.append(
          "\(dependent.identity) needs column \(column.name) of \(table.sqlName), which the backup does not have")
      }
    }
    return problems
  }

  /// A foreign key needs a unique index over exactly its columns.
  private func missingKeys(_ staged: [UInt32: UInt32], _ connection: inout Connection) throws -> [String] {
    var problems: [String] = []
    for dependent in dependents where dependent.kind == .foreignKey && dependent.refusal == nil {
      guard let oid = dependent.definition?.references.flatMap({ staged[$0] }) else { continue }
      let found = try connection.value(
        """
        SELECT true FROM pg_catalog.pg_constraint AS f, pg_catalog.pg_index AS i
        WHERE f.oid = $1::oid AND i.indrelid = $2::oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
          AND (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = f.confrelid AND a.attnum = ANY (f.confkey))
          = (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) LIMIT 1
        """, ["\(dependent.oid)", "\(oid)"])
      if found == nil { problems.append("\(dependent.identity) needs a unique key that the backup does not have") }
    }
    return problems
  }

  /// Makes every dependent once more, over the new tables.
  private func makeDependents(_ connection: inout Connection, _ findings: inout Findings) throws {
    guard let schema = places.schemas(.side).first else { return }
    for dependent in dependents where dependent.refusal == nil {
      switch dependent.kind {
      case .view:
        guard let view = dependent.relation, let query = dependent.definition?.text else { continue }
        let name = Quoting.identifier(schema, view.name)
        let sql = rewritten("CREATE OR REPLACE VIEW \(name) AS \(query)")
        if let problem = try attempt(&connection, { try $0.execute(bytes: sql.bytes) }) {
          findings.problems.append("\(dependent.identity) can't be made over the backup's tables: \(problem.message)")
        } else if let column = try changedColumn(of: view.oid, like: name, &connection) {
          findings.problems.append("\(dependent.identity) would have another type in column \(column)")
        }
      case .function:
        guard let definition = dependent.definition, let name = definition.name, let home = definition.schema else {
          continue
        }
        let sql = rewritten(definition.text ?? "", moving: SQLName(schema: home, name), to: schema)
        if let problem = try attempt(&connection, { try $0.execute(bytes: sql.bytes) }) {
          findings.problems.append("\(dependent.identity) can't be made over the backup's tables: \(problem.message)")
        }
      case .foreignKey, .policy, .rule, .other: break
      }
    }
  }

  private func rewritten(_ sql: String, moving name: SQLName? = nil, to schema: String = "") -> SQLText {
    var names = script.rules.names
    if let name { names[name] = schema }
    return names.rewriting(Array(sql.utf8).span, syntax: SQLSyntax()).text
  }

  /// The first column whose type, modifier or collation is another one; a view can't be replaced by such a one.
  private func changedColumn(of view: UInt32, like name: String, _ connection: inout Connection) throws -> String? {
    try connection.value(
      """
      SELECT old.attname FROM pg_catalog.pg_attribute AS old
      LEFT JOIN pg_catalog.pg_attribute AS new ON new.attrelid = $2::regclass AND new.attnum = old.attnum
      WHERE old.attrelid = $1::oid AND old.attnum > 0 AND (new.attname, new.atttypid, new.atttypmod, new.attcollation)
        IS DISTINCT FROM (old.attname, old.atttypid, old.atttypmod, old.attcollation)
      ORDER BY old.attnum LIMIT 1
      """, ["\(view)", name])
  }
}
