internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// What a restore would take away or bring back: the live tables beside those of the dump.
struct LossInspection: Sendable {
  let work: DatabaseWork
  let choice: DumpChoice
  /// Counting stops here and estimates begin; nobody waits longer for a preview.
  private static let limit = Duration.seconds(5)

  /// The differences, the largest losses first, and what to say about the backup's age.
  func examine(_ live: DatabaseFacts?, _ interruption: Interruption) throws -> (
    differences: [TableDifference], agreeing: Int?, warnings: [String]
  ) {
    guard let live, live.allowsConnections else { return ([], nil, []) }
    let preview: LivePreview
    do {
      var connection = try Connection.administrative(
        work.access.settings(for: live.name), interruption: interruption)
      preview = try LivePreview.read(&connection, until: .after(Self.limit))
    } catch let error as RecoverError where error.code != .interrupted {
      // A live database that is too broken to be looked at is what people restore.
      return ([], nil, ["what would be lost can't be told: \(error.message)"])
    }
    let dumped = choice.tables.map {
      DumpedTable(
        schema: $0.name.schema ?? "public", name: $0.name.name, columns: $0.columns, rows: $0.isExact ? $0.rows : nil)
    }
    let loss = LossPreview(live: preview, dumped: dumped, backupTime: choice.survey.origin.startedAt)
    return (Self.differences(loss), loss.agreeing, warnings(loss))
  }

  private static func differences(_ loss: LossPreview) -> [TableDifference] {
    var columns: [String: LossPreview.ColumnDifference] = [:]
    for difference in loss.columns { columns["\(difference.schema).\(difference.table)"] = difference }
    var found = loss.onlyLive.map {
      TableDifference(
        table: "\($0.schema).\($0.name)", liveRows: $0.rows.rows ?? 0, backupRows: nil, isEstimate: !$0.rows.isExact)
    }
    found += loss.onlyDumped.map {
      TableDifference(table: "\($0.schema).\($0.name)", liveRows: nil, backupRows: $0.rows, isEstimate: false)
    }
    for row in loss.rows.sorted(by: { $0.surplus > $1.surplus }) {
      let name = "\(row.schema).\(row.table)"
      let column = columns.removeValue(forKey: name)
      found.append(
        TableDifference(
          table: name, liveRows: row.live.rows, backupRows: row.dumped, isEstimate: !row.live.isExact,
          missingColumns: column?.onlyLive ?? [], addedColumns: column?.onlyDumped ?? []))
    }
    found += columns.values.sorted { ($0.schema, $0.table) < ($1.schema, $1.table) }.map {
      TableDifference(
        table: "\($0.schema).\($0.table)", liveRows: nil, backupRows: nil, isEstimate: false,
        missingColumns: $0.onlyLive, addedColumns: $0.onlyDumped)
    }
    return found
  }

  private func warnings(_ loss: LossPreview) -> [String] {
    var warnings: [String] = []
    if let age = loss.backupAge {
      warnings.append("the dump was made \(Duration.seconds(Int64(age.seconds)).text) ago, as it says itself")
    }
    if let newest = loss.activity.newestCommit {
      warnings.append("the newest commit of the live database is of \(newest)")
    }
    let gone = loss.surplusRows
    if gone > 0 {
      let copy = work.bindings.inPlace == nil ? "the previous copy" : "the safety dump alone"
      warnings.append(
        "the live database has \(loss.isExact ? "" : "about ")\(gone) rows more than the backup; they stay in \(copy)"
      )
    }
    return warnings
  }
}
