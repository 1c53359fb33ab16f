internal import RecoverBase
internal import RecoverSteps

/// What `recover inspect` found, for people and as lines of JSON: pure.
struct InspectionView {
  let inspection: BackupInspection
  var estimate: TimeEstimate?
  /// Nil where no server was asked.
  var fit: BackupFit?

  /// So many tables are shown to people, the largest ones.
  private static let tableLimit = 20

  init(_ inspection: BackupInspection) { self.inspection = inspection }

  /// Refused unless the backup is whole and the server lacks nothing.
  var status: ExitStatus {
    inspection.complaint == nil && fit?.missing.isEmpty != false ? .success : .refused
  }

  private var tables: [BackupInspection.Table] { inspection.parts.flatMap(\.tables) }

  // MARK: People

  var text: String {
    var facts = [
      ("backup", "\(inspection.backup.path): \(inspection.form), \(ByteCount(inspection.backup.sizeBytes)) on disk"),
      ("content", content), ("origin", inspection.origin),
      ("whole", whole),
      ("sha256", "\(inspection.digest) of the SQL"),
    ]
    if let version = inspection.serverVersion { facts.append(("server", "PostgreSQL \(Self.major(version)) or newer")) }
    for part in inspection.parts { facts += Self.needs(of: part) }
    if let estimate { facts.append(("time", Self.time(estimate))) }
    if let fit { facts += Self.verdict(fit) }
    let lines = facts.map { fact in "\(TerminalText.padded(fact.0, columns: 11)) \(TerminalText.safe(fact.1))" }
    return (lines + largest).joined(separator: "\n")
  }

  private var whole: String {
    if let complaint = inspection.complaint { return "NO: \(complaint)" }
    let proof = inspection.manifest == nil ? "" : ", and every file is what its manifest says"
    return "yes: it ends as pg_dump ends a dump\(proof)"
  }

  private static func major(_ version: Int) -> String {
    version >= 100_000 ? "\(version / 10_000)" : "\(version / 10_000).\(version / 100 % 100)"
  }

  private var content: String {
    let rows = tables.reduce(Int64(0)) { $0 + $1.rows }
    let bound = tables.allSatisfy(\.isExact) ? "" : "at least "
    return "\(ByteCount(inspection.sqlBytes)) of SQL, \(bound)\(rows) rows in \(tables.count) tables"
  }

  private static func needs(of part: BackupInspection.Part) -> [(String, String)] {
    let objects = part.objectCounts.map { "\($0.count) \($0.kind)" }
    let lists = [
      ("database", part.database.map { [$0] } ?? []), ("objects", objects), ("encoding", part.encodings),
      ("roles", part.roles), ("extensions", part.extensions), ("languages", part.languages),
      ("tablespaces", part.tablespaces),
    ]
    return lists.filter { !$0.1.isEmpty }.map { ($0.0, $0.1.joined(separator: ", ")) }
  }

  private static func time(_ estimate: TimeEstimate) -> String {
    guard let load = estimate.load else { return "unknown: no load of this size is in the history of this machine" }
    let loads = estimate.loadCount == 1 ? "1 load" : "\(estimate.loadCount) loads"
    return "about \(ElapsedText.text(load)) to load, analyze and prove it, from \(loads) on this machine"
  }

  private static func verdict(_ fit: BackupFit) -> [(String, String)] {
    let server = "PostgreSQL \(fit.serverVersion / 10_000).\(fit.serverVersion % 10_000)"
    let verdict =
      fit.missing.isEmpty
      ? "yes: \(server) has all that it needs for database \(fit.name)"
      : "NO: \(server) would refuse it as database \(fit.name)"
    var facts = [("fits", verdict)]
    for shortfall in fit.missing {
      facts.append(("missing", shortfall.message))
      if let hint = shortfall.hint { facts.append(("", "hint: \(hint)")) }
    }
    return facts + fit.notes.map { ("note", $0) }
  }

  private var largest: [String] {
    guard !tables.isEmpty else { return [] }
    var table = TextTable(headings: ["LARGEST TABLES", "ROWS", "SIZE"])
    for entry in tables.sorted(by: { $0.bytes > $1.bytes }).prefix(Self.tableLimit) {
      table.add(BackupListView.cells(entry))
    }
    let more = tables.count - Self.tableLimit
    let path = ShellWord.quoted(inspection.backup.path)
    return ["", table.text] + (more > 0 ? ["... and \(more) more: recover db --from \(path) --list"] : [])
  }

  // MARK: JSON

  var rows: [[String: JSONValue]] {
    var backup: [String: JSONValue] = [
      "kind": "backup", "path": .string(inspection.backup.path), "form": .string(inspection.form),
      "file-bytes": .integer(inspection.backup.sizeBytes), "sql-bytes": .integer(inspection.sqlBytes),
      "sha256": .string(inspection.digest.hex), "whole": .bool(inspection.complaint == nil),
      "origin": .string(inspection.origin),
    ]
    if let complaint = inspection.complaint { backup["complaint"] = .string(complaint) }
    if let manifest = inspection.manifest { backup["manifest"] = .string(manifest.hex) }
    if let version = inspection.serverVersion { backup["server-version"] = .integer(Int64(version)) }
    if let load = estimate?.load { backup["load-ms"] = .integer(load.nanoseconds / 1_000_000) }
    return [backup] + inspection.parts.map(Self.row) + BackupListView(inspection).tableRows + fitRows
  }

  private static func row(of part: BackupInspection.Part) -> [String: JSONValue] {
    func list(_ names: [String]) -> JSONValue { .array(names.map { .string($0) }) }
    let counts = part.objectCounts.map { ($0.kind, JSONValue.integer(Int64($0.count))) }
    return [
      "kind": "database", "name": part.database.map { .string($0) } ?? .null,
      "objects": .object(Dictionary(uniqueKeysWithValues: counts)), "encodings": list(part.encodings),
      "roles": list(part.roles), "extensions": list(part.extensions), "languages": list(part.languages),
      "tablespaces": list(part.tablespaces),
    ]
  }

  private var fitRows: [[String: JSONValue]] {
    guard let fit else { return [] }
    var rows: [[String: JSONValue]] = [
      [
        "kind": "fit", "database": .string(fit.name), "fits": .bool(fit.missing.isEmpty),
        "server-version": .integer(Int64(fit.serverVersion)),
      ]
    ]
    for shortfall in fit.missing {
      var row: [String: JSONValue] = [
        "kind": "missing", "what": .string(shortfall.kind), "message": .string(shortfall.message),
      ]
      if let hint = shortfall.hint { row["hint"] = .string(hint) }
      rows.append(row)
    }
    return rows + fit.notes.map { ["kind": "note", "message": .string($0)] }
  }
}
