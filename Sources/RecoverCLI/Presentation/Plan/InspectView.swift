internal import RecoverBase
internal import RecoverSteps

/// An inspection as a person reads it: pure.
enum InspectView {
  static func text(_ report: InspectReport) -> String {
    let content = "\(report.tableCount) tables, \(report.rowCount) rows, \(report.objectCount) objects"
    var lines = ["", whole(report, content)]
    if report.excerpt == nil { lines.append("sha256 \(report.selection?.sha256 ?? report.sha256)") }
    if let reason = report.serialBecause { lines.append("loaded over one connection, in its own order: \(reason)") }
    if let selection = report.selection {
      lines += ["", "what is restored of it: \(content), \(ByteCount(report.dumpBytes)) of SQL"]
      lines += SelectionView(selection).lines
    }
    for warning in report.warnings { lines.append("note: \(warning)") }
    if let agreeing = report.agreeingTables { lines += loss(report, agreeing: agreeing) }
    if let rows = report.rowsText {
      lines += [""] + rows
    } else if let tables = report.tables {
      lines += exchange(tables)
    }
    if report.furtherDifferences > 0 { lines.append("... and \(report.furtherDifferences) more tables") }
    return lines.joined(separator: "\n")
  }

  /// That the backup is whole, or what was read of it.
  private static func whole(_ report: InspectReport, _ content: String) -> String {
    let selected = report.selection == nil ? "\(content); " : ""
    if let read = report.excerpt {
      return
        "what is needed of the backup is as its manifest has it: \(read.members) of its \(read.ofMembers) members, "
        + "\(ByteCount(read.bytes)) of \(ByteCount(read.ofBytes)); the others were not read\n\(selected)\(report.origin)"
    }
    let size = report.selection?.dumpBytes ?? report.dumpBytes
    return "the backup is whole: \(ByteCount(size)) of SQL, \(selected)\(report.origin)"
      + (report.readBy.map { "; read by \($0)" } ?? "")
  }

  /// Which tables trade places, and what that changes.
  private static func exchange(_ report: TablesReport) -> [String] {
    var table = TextTable(headings: ["TABLE", "LIVE ROWS", "BACKUP ROWS", "LIVE SIZE"])
    for row in report.tables {
      let live = row.liveOID == nil ? "not there" : row.liveRows.map { "~\($0)" } ?? "not counted"
      table.add([
        "\(row.name)", live, row.backupRows.map(String.init) ?? "unknown",
        row.liveBytes.map { "\(ByteCount($0))" } ?? "-",
      ])
    }
    var lines = ["", "these tables are replaced; their rows of now stay in the kept tables:", table.text]
    if report.dependents.isEmpty { lines += ["", "nothing else in the database depends on them"] }
    if !report.dependents.isEmpty { lines += ["", "what depends on them:"] }
    lines += report.dependents.map { "  \($0.identity) \($0.fate)" }
    if !report.differences.isEmpty { lines += ["", "what will be otherwise, as the backup has it:"] }
    lines += report.differences.map { "  \($0)" }
    return lines
  }

  private static func loss(_ report: InspectReport, agreeing: Int) -> [String] {
    if report.differences.isEmpty {
      return ["every table has as many rows live as in the backup; their content may still differ"]
    }
    let same =
      agreeing == 0 ? "" : "; \(agreeing) other\(agreeing == 1 ? " table has" : " tables have") as many rows in both"
    return ["", "what the restore changes\(same):", differences(report)]
  }

  private static func differences(_ report: InspectReport) -> String {
    var table = TextTable(headings: ["TABLE", "LIVE ROWS", "BACKUP ROWS", "COLUMNS"])
    for difference in report.differences {
      let live = difference.liveRows.map { "\(difference.isEstimate ? "~" : "")\($0)" } ?? "not there"
      let columns = difference.missingColumns.map { "-\($0)" } + difference.addedColumns.map { "+\($0)" }
      table.add([
        difference.table, live, difference.backupRows.map(String.init) ?? "not there", columns.joined(separator: " "),
      ])
    }
    return table.text
  }
}
