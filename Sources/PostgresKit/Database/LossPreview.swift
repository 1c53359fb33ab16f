package import RecoverBase

/// A table as a dump has it.
package struct DumpedTable: Sendable, Hashable, Codable {
  package var schema: String
  package var name: String
  /// Nil where the dump does not say: data without its table, or INSERTs without names.
  package var columns: [String]?
  /// Nil where they were not counted.
  package var rows: Int64?

  package init(schema: String, name: String, columns: [String]? = nil, rows: Int64? = nil) {
    self.schema = schema
    self.name = name
    self.columns = columns
    self.rows = rows
  }
}

/// What is lost, and what comes back, when a backup takes the place of a live database.
package struct LossPreview: Sendable, Hashable, Codable {
  package struct ColumnDifference: Sendable, Hashable, Codable {
    package var schema: String
    package var table: String
    /// In the live database alone: lost.
    package var onlyLive: [String]
    /// In the backup alone.
    package var onlyDumped: [String]
  }

  package struct RowDifference: Sendable, Hashable, Codable {
    package var schema: String
    package var table: String
    package var live: RowCount
    package var dumped: Int64

    /// Rows that the live table has more than the backup, negative for fewer; as exact as the live count.
    package var surplus: Int64 { (live.rows ?? dumped) - dumped }
  }

  /// Tables of the live database that the backup lacks, with all their rows.
  package var onlyLive: [LivePreview.Table]
  /// Tables of the backup that the live database lacks.
  package var onlyDumped: [DumpedTable]
  package var columns: [ColumnDifference]
  /// Tables whose counts differ, the largest loss first.
  ///
  /// Estimates that differ are here too.
  package var rows: [RowDifference]
  /// Tables with the same columns and the same exact count in both; their content may still differ.
  package var agreeing: Int
  /// How old the backup is; nil where nobody knows when it was made.
  package var backupAge: Duration?
  package var activity: LiveActivity

  /// Rows that the live database has more, table by table, with those of tables that the backup lacks.
  ///
  /// Not the number of changes: rows that were updated, or deleted and replaced, are not seen by counting.
  package var surplusRows: Int64 {
    rows.reduce(0) { $0 + max(0, $1.surplus) } + onlyLive.reduce(0) { $0 + ($1.rows.rows ?? 0) }
  }

  /// Whether every count behind ``surplusRows`` is exact.
  package var isExact: Bool {
    rows.allSatisfy { $0.live.isExact } && onlyLive.allSatisfy { $0.rows.isExact || $0.isPartitioned }
  }
}

extension LossPreview {
  /// Compares.
  ///
  /// - Parameter backupTime: when the backup was made: its snapshot, not the file's copy.
  package init(live: LivePreview, dumped: [DumpedTable], backupTime: WallTime?) {
    let liveTables = Dictionary(
      live.tables.map { (Name(schema: $0.schema, table: $0.name), $0) }, uniquingKeysWith: { first, _ in first })
    let dumpedTables = Dictionary(
      dumped.map { (Name(schema: $0.schema, table: $0.name), $0) }, uniquingKeysWith: Self.merged)
    onlyLive = live.tables.filter { dumpedTables[Name(schema: $0.schema, table: $0.name)] == nil }
    onlyDumped = dumpedTables.filter { liveTables[$0.key] == nil }.sorted { $0.key < $1.key }.map(\.value)
    columns = []
    rows = []
    agreeing = 0
    activity = live.activity
    backupAge = backupTime.map { live.takenAt - $0 }
    for (name, dumped) in dumpedTables.sorted(by: { $0.key < $1.key }) {
      if let table = liveTables[name] { compare(table, dumped) }
    }
    rows.sort { ($1.surplus, $0.schema, $0.table) < ($0.surplus, $1.schema, $1.table) }
  }

  private mutating func compare(_ live: LivePreview.Table, _ dumped: DumpedTable) {
    var agrees = true
    if let names = dumped.columns {
      let onlyLive = live.columns.filter { !names.contains($0) }
      let onlyDumped = names.filter { !live.columns.contains($0) && !live.generatedColumns.contains($0) }
      if !onlyLive.isEmpty || !onlyDumped.isEmpty {
        columns.append(
          ColumnDifference(schema: live.schema, table: live.name, onlyLive: onlyLive, onlyDumped: onlyDumped))
        agrees = false
      }
    }
    guard let count = dumped.rows, let liveCount = live.rows.rows else { return }
    if liveCount != count {
      rows.append(RowDifference(schema: live.schema, table: live.name, live: live.rows, dumped: count))
    } else if agrees, live.rows.isExact {
      agreeing += 1
    }
  }

  /// One table can come in several blocks; their rows add up.
  private static func merged(_ first: DumpedTable, _ second: DumpedTable) -> DumpedTable {
    var merged = first
    merged.columns = first.columns ?? second.columns
    if first.rows != nil || second.rows != nil { merged.rows = (first.rows ?? 0) + (second.rows ?? 0) }
    return merged
  }

  private struct Name: Hashable, Comparable {
    var schema: String
    var table: String

    static func < (left: Name, right: Name) -> Bool { (left.schema, left.table) < (right.schema, right.table) }
  }
}
