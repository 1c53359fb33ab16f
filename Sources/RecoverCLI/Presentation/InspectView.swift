internal import RecoverBase
internal import RecoverSteps

/// An inspection as a person reads it: pure.
enum InspectView {
  static func text(_ report: InspectReport) -> String {
    var lines = [
      "",
      "the backup is whole: \(ByteCount(report.dumpBytes)) of SQL, \(report.tableCount) tables,"
        + " \(report.rowCount) rows, \(report.objectCount) objects; \(report.origin)",
      "sha256 \(report.sha256)",
    ]
    for warning in report.warnings { lines.append("note: \(warning)") }
    lines += report.differences.isEmpty ? [] : ["", "what the restore changes:", differences(report)]
    if report.furtherDifferences > 0 { lines.append("... and \(report.furtherDifferences) more tables") }
    return lines.joined(separator: "\n")
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
