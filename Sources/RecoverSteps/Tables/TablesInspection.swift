internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// What the inspection of an exchange asks the live database: whether the tables can trade places, what depends on
/// them, and what that would change.
///
/// Makes the tables of the backup without their rows in a transaction that is rolled back: see ``StagingRehearsal``.
struct TablesInspection: Sendable {
  let work: DatabaseWork
  let choice: DumpChoice
  let map: DumpIndexFile
  let file: BackupFile

  struct Findings: Sendable {
    var server: ServerInspection.Findings
    var report: TablesReport
    /// What the chosen tables have in the backup.
    var part: [DumpSegment]
  }

  /// - Throws: ``RecoverError`` `usage` for tables that are not there, `missingRequirement` with everything that is in
  ///   the way, `backupRefused`, `noSpace`, `claimed`, `drifted`.
  func examine(
    _ selection: DumpSelection, maintenance: inout Connection, _ live: inout Connection, _ interruption: Interruption
  ) throws -> Findings {
    let names = try selection.tables(in: map.index, database: choice.database, dump: work.bindings.backup.path)
    guard !names.isEmpty else {
      throw RecoverError(
        .usage, "nothing is left of \(selection.text)", hint: "recover db --from BACKUP --list shows what there is")
    }
    let places = ExchangePlaces(run: work.run.text, tables: names)
    let script = try TablesWork.script(
      map, of: file, segment: choice.database, names, places, extent: .everything, interruption)
    let part = choice.segments.map { $0.only(script) }
    try work.refuseOtherRuns(&maintenance)
    try work.refuseOtherExchanges(&live)

    let found = try ExchangeTable.find(names, &live)
    let dependents = try Dependent.read(of: found.tables.map(\.oid), &live)
    var problems =
      found.refusals
      + dependents.compactMap { dependent in
        dependent.refusal.map { "\(dependent.identity) \($0)" }
      }
    problems += try TablesObstacles.read(names, &live)
    var findings = StagingRehearsal.Findings()
    if problems.isEmpty {
      findings = try StagingRehearsal(script, places, live: found.tables, dependents: dependents).perform(&live)
      problems += findings.problems
    }
    try refuse(problems)

    var server = ServerInspection.Findings()
    let identity = try ServerIdentity.read(&maintenance)
    server.live = try DatabaseFacts.read(work.bindings.name, &maintenance)
    let chosen = choice.only(part)
    server.warnings = try ServerInspection(work: work, choice: chosen).checkSpace(server.live, identity, &maintenance)
    return Findings(
      server: server,
      report: report(
        names, found.tables, dependents, try TablePublication.read(of: found.tables.map(\.oid), &live), part,
        findings.differences),
      part: part)
  }

  private func refuse(_ problems: [String]) throws {
    guard !problems.isEmpty else { return }
    let shown = problems.prefix(8).joined(separator: "; ")
    let more = problems.count > 8 ? "; and \(problems.count - 8) more" : ""
    throw RecoverError(
      .missingRequirement, "the tables can't be exchanged: \(shown)\(more)",
      hint: "remove what is in the way, or restore them beside the live database with --into NAME")
  }

  private func report(
    _ names: [SQLName], _ live: [ExchangeTable], _ dependents: [Dependent], _ publications: [TablePublication],
    _ part: [DumpSegment], _ differences: [String]
  ) -> TablesReport {
    let rows = Dictionary(part.flatMap(\.tables).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return TablesReport(
      tables: names.map { name in
        let table = live.first { $0.sqlName == name }
        let dumped = rows[name]
        return TablesReport.Table(
          name: name, liveOID: table?.oid, liveRows: table?.estimatedRows, liveBytes: table?.bytes,
          backupRows: dumped.map { $0.isExact ? $0.rows : nil } ?? 0,
          backupBytes: (dumped?.copyBytes ?? 0) + (dumped?.insertBytes ?? 0))
      },
      dependents: dependents.map { TablesReport.Dependent(identity: $0.identity, fate: $0.fate) }
        + publications.map { publication in
          TablesReport.Dependent(
            identity: "publication \(publication.name)",
            fate:
              "publishes the new \(publication.table); subscribers keep the rows that they have until they copy it anew"
          )
        },
      differences: differences)
  }
}

extension DatabaseWork {
  /// Refuses while another exchange is at work in the live database, wherever that was started, living or dead.
  ///
  /// - Throws: ``RecoverError`` `claimed`.
  func refuseOtherExchanges(_ connection: inout Connection) throws {
    let other = try KeptSchema.list(&connection).first { schema in
      let breadcrumb = schema.breadcrumb
      guard breadcrumb.run != run.text, breadcrumb.run != bindings.undoes else { return false }
      return breadcrumb.role == .side || breadcrumb.role == .previous && breadcrumb.retainUntil == nil
    }
    guard let other else { return }
    throw RecoverError(
      .claimed,
      "database \(bindings.name) is claimed by run \(other.breadcrumb.run), which was started on "
        + "\(other.breadcrumb.host) and left schema \(other.name) behind",
      hint: "resume or cancel that run where it was started; if it is lost for good, look what the schema holds, and "
        + "COMMENT ON SCHEMA \(other.name) IS NULL makes it yours")
  }
}

extension DumpChoice {
  /// The choice of the same dump with fewer tables in it.
  func only(_ part: [DumpSegment]) -> DumpChoice {
    var choice = self
    choice.partSegments = part
    return choice
  }
}
