internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// What the inspection asks the live database before rows are added to one of its tables: by which key they are told
/// apart, which columns fit, and whether the insertion would be understood.
///
/// Makes the backup's table without its rows in a transaction that is rolled back: see ``StagingRehearsal``.
struct RowsInspection: Sendable {
  let work: DatabaseWork
  let choice: DumpChoice
  let map: DumpIndexFile
  let file: BackupFile
  let rows: RowsBindings

  struct Findings: Sendable {
    var tables: TablesInspection.Findings
    var match: RowsMatch
  }

  /// - Throws: ``RecoverError`` `usage` for a table or key that has to be named otherwise, `missingRequirement` with
  ///   what does not fit, `backupRefused`, `noSpace`, `claimed`, `drifted`.
  func examine(
    _ selection: DumpSelection, maintenance: inout Connection, _ live: inout Connection, _ interruption: Interruption
  ) throws -> Findings {
    let name = try table(selection)
    let places = ExchangePlaces(run: work.run.text, tables: [name])
    let script = try TablesWork.script(
      map, of: file, segment: choice.database, [name], places, extent: .rows, interruption)
    try work.refuseOtherRuns(&maintenance)
    try work.refuseOtherExchanges(&live)
    let target = try target(name, &live)
    try refuse(try TablesObstacles.read([name], &live), name)
    let match = try rehearse(script, places, target, &live)

    let part = choice.segments.map { $0.only(script) }
    var server = ServerInspection.Findings()
    let identity = try ServerIdentity.read(&maintenance)
    server.live = try DatabaseFacts.read(work.bindings.name, &maintenance)
    server.warnings = try ServerInspection(work: work, choice: choice.only(part))
      .checkSpace(server.live, identity, &maintenance)
    // A partitioned table has its rows in its partitions.
    let dumped = part.flatMap(\.tables)
    let report = TablesReport(
      tables: [
        TablesReport.Table(
          name: name, liveOID: target.oid, liveRows: target.estimatedRows < 0 ? nil : target.estimatedRows,
          liveBytes: target.bytes, backupRows: dumped.allSatisfy(\.isExact) ? dumped.reduce(0) { $0 + $1.rows } : nil,
          backupBytes: dumped.reduce(0) { $0 + $1.copyBytes + $1.insertBytes })
      ], dependents: [], differences: [])
    return Findings(tables: .init(server: server, report: report, part: part), match: match)
  }

  /// The one table that is meant.
  private func table(_ selection: DumpSelection) throws -> SQLName {
    let option = "--rows-into"
    let names = try selection.tables(
      in: map.index, database: choice.database, dump: work.bindings.backup.path, option: option)
    guard let name = names.first, names.count == 1 else {
      throw RecoverError(
        .usage, "\(option) takes one table, and several have that name",
        hint: "give its schema: \(names.map(\.description).joined(separator: ", "))")
    }
    return name
  }

  private func target(_ name: SQLName, _ live: inout Connection) throws -> RowsTarget {
    guard let target = try RowsTarget.read(name, &live) else {
      throw RecoverError(
        .usage, "there is no table \(name) in the live database to which rows could be added",
        hint: "--table \(name) brings the whole table back")
    }
    if let refusal = target.refusal { try refuse(["\(name) \(refusal)"], name) }
    return target
  }

  /// Makes the backup's table, matches it with the live one, and lets the server understand the insertion.
  private func rehearse(
    _ script: StagingScript, _ places: ExchangePlaces, _ target: RowsTarget, _ live: inout Connection
  ) throws -> RowsMatch {
    let staged = places.staged(target.sqlName)
    var match: RowsMatch?
    let findings = try StagingRehearsal(script, places, live: [], dependents: []).perform(&live) {
      connection, findings in
      guard let table = try RowsTarget.read(staged, &connection) else { return }
      let found = try RowsMatch(target, staged: table, key: rows.key, firing: rows.triggers)
      match = found
      findings.problems += try RowsCheck(found, staged: staged).obstacles(&connection)
    }
    try refuse(findings.problems, target.sqlName)
    guard let match else { throw RecoverError(.bug, "the backup's \(target.sqlName) could not be made") }
    return match
  }

  private func refuse(_ problems: [String], _ table: SQLName) throws {
    guard !problems.isEmpty else { return }
    let shown = problems.prefix(8).joined(separator: "; ")
    throw RecoverError(
      .missingRequirement, "rows can't be added to \(table): \(shown)",
      hint: "remove what is in the way, or restore them beside the live database with --table \(table) --into NAME")
  }
}

extension ExchangePlaces {
  /// The name of a table of the backup beside the live one.
  func staged(_ name: SQLName) -> SQLName { SQLName(schema: schema(.side, of: name.schema ?? ""), name.name) }
}
