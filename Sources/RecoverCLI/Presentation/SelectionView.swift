internal import RecoverBase
internal import RecoverSteps

/// What a selection restores and what it leaves out, for people and as lines of JSON: pure.
struct SelectionView {
  let report: SelectionReport

  init(_ report: SelectionReport) { self.report = report }

  /// Each relation, then what is left out.
  var lines: [String] {
    var table = TextTable(headings: ["KIND", "NAME", "ROWS", "SIZE"])
    for relation in report.relations {
      let rows = relation.rows.map { relation.isEmptied ? "none of \($0)" : "\($0)" }
      table.add([relation.kind, relation.name] + (rows.map { [$0, "\(ByteCount(relation.bytes))"] } ?? []))
    }
    let more = report.furtherRelations > 0 ? ["... and \(report.furtherRelations) more"] : []
    return [table.text] + more + leftOut
  }

  /// What is not restored, and why.
  var leftOut: [String] {
    var lines: [String] = []
    if !report.leftOut.isEmpty {
      lines += ["", "what is left out:"]
      lines += report.leftOut.map { TerminalText.safe("  \($0.what): \($0.why)") }
      if report.furtherLeftOut > 0 { lines.append("  ... and \(report.furtherLeftOut) more") }
    }
    let counts = report.notSelected.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
      .map { Self.count($0.value, $0.key.replacing("-", with: " ")) }
    if !counts.isEmpty { lines += ["", "not selected: \(counts.joined(separator: ", "))"] }
    return lines
  }

  private static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  var leftOutRows: [[String: JSONValue]] {
    report.leftOut.map { ["kind": "left-out", "what": .string($0.what), "why": .string($0.why)] }
  }
}
