/// Columns of text, each as wide as its widest cell: pure.
struct TextTable {
  private var rows: [[String]]

  init(headings: [String]) { rows = [headings] }

  /// Adds a row; it may have fewer cells than there are headings.
  mutating func add(_ row: [String]) { rows.append(row.map { TerminalText.safe($0) }) }

  /// The rows as lines, without trailing spaces.
  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { $0.count > column ? TerminalText.width($0[column]) : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in TerminalText.padded(cell, columns: widths[column]) }
      return Self.trimmed(cells.joined(separator: "  "))
    }.joined(separator: "\n")
  }

  private static func trimmed(_ line: String) -> String {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    return String(line)
  }
}
