internal import RecoverBase
internal import RecoverSteps

/// Everything that a backup holds, in its order, for people and as lines of JSON.
struct BackupListView {
  let inspection: BackupInspection

  init(_ inspection: BackupInspection) { self.inspection = inspection }

  /// The list; refused when the backup can't be told to be whole.
  static func answer(_ inspection: BackupInspection) -> Answer {
    let view = BackupListView(inspection)
    let complaint = inspection.complaint.map { "\n\nnote: \($0)" } ?? ""
    return Answer(
      text: view.text + complaint, rows: view.rows, status: inspection.complaint == nil ? .success : .refused)
  }

  var text: String {
    var table = TextTable(headings: ["KIND", "NAME", "ROWS", "SIZE"])
    var notes: [String] = []
    for part in inspection.parts {
      if let database = part.database { table.add(["DATABASE", database]) }
      for object in part.objects {
        table.add([object.kind, object.name] + (object.table.map { Array(Self.cells($0).dropFirst()) } ?? []))
      }
      // Rows of tables that something else makes: an extension, or what is not part of the dump.
      let made = Set(part.objects.compactMap(\.table))
      for entry in part.tables where !made.contains(entry) { table.add(["rows"] + Self.cells(entry)) }
      if !part.hasAllObjects {
        let count = part.objectCounts.reduce(0) { $0 + $1.count }
        notes.append("... and \(count) objects, too many to be listed; recover inspect counts them by kind")
      }
    }
    let left = inspection.selection.map { SelectionView($0).leftOut } ?? []
    return ([table.text] + notes + left).joined(separator: "\n")
  }

  /// Name, rows and size of a table.
  static func cells(_ table: BackupInspection.Table) -> [String] {
    [table.name, "\(table.isExact ? "" : "at least ")\(table.rows)", "\(ByteCount(table.bytes))"]
  }

  var rows: [[String: JSONValue]] {
    let objects = inspection.parts.flatMap { part in
      part.objects.map { object in
        Self.placed(["kind": "object", "type": .string(object.kind), "name": .string(object.name)], part)
      }
    }
    return objects + tableRows + (inspection.selection.map { SelectionView($0).leftOutRows } ?? [])
  }

  var tableRows: [[String: JSONValue]] {
    inspection.parts.flatMap { part in
      part.tables.map { table in
        Self.placed(
          [
            "kind": "table", "name": .string(table.name), "rows": .integer(table.rows), "exact": .bool(table.isExact),
            "bytes": .integer(table.bytes),
          ], part)
      }
    }
  }

  private static func placed(_ row: [String: JSONValue], _ part: BackupInspection.Part) -> [String: JSONValue] {
    guard let database = part.database else { return row }
    return row.merging(["database": .string(database)]) { first, _ in first }
  }
}
