internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover cleanup`: lists what recoveries keep, and drops what is past its retention.
struct CleanupCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup", abstract: "List the databases that recoveries keep; drop those past their retention.",
    usage: "recover cleanup [<options>]",
    discussion: """
      Without --yes it only lists. A copy that is being loaded, or whose run is
      still open, is never dropped; one that a run which is over left behind is
      dropped with --abandoned.
      """)

  @Option(help: ArgumentHelp("A database of the server: a URL, or a name of the policy.", valueName: "url|name"))
  var database: String?
  @Flag(help: "Drop what is past its retention.")
  var yes = false
  @Flag(help: "Also drop side databases of runs that have ended, and of runs that nobody knows here.")
  var abandoned = false
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let address = try DatabaseAddress.resolve(database, in: try composition.policies(global).policy)
    let retained = try RetainedDatabases(address, drivers: composition.drivers(password: address.password))
    let runs = Dictionary(
      (try await composition.existingStore()?.runs(of: nil) ?? []).map { ($0.run.text, $0) },
      uniquingKeysWith: { first, _ in first })
    let entries = try await retained.list()
    var table = TextTable(headings: ["DATABASE", "WHAT", "SIZE", "KEPT UNTIL", "RUN", "VERDICT"])
    var droppable: [RetainedDatabases.Entry] = []
    var rows: [[String: JSONValue]] = []
    for entry in entries {
      let verdict = verdict(on: entry, run: runs[entry.run])
      if verdict == .drop { droppable.append(entry) }
      table.add([
        entry.name, entry.role, entry.sizeBytes.map { "\(ByteCount($0))" } ?? "?",
        entry.retainUntil?.description ?? "its run ends", entry.run, verdict.rawValue,
      ])
      rows.append(row(entry, verdict))
    }
    try Answer(text: entries.isEmpty ? "recoveries keep no database on this server" : table.text, rows: rows)
      .writeBeginning(global)
    guard yes else {
      let offer = "\(droppable.count) would be dropped; recover cleanup --yes drops them"
      return try Answer(text: droppable.isEmpty ? "" : offer).write(global)
    }
    for entry in droppable {
      try await retained.drop(entry)
      try Answer(text: "dropped \(entry.name)", rows: [["kind": "dropped", "database": .string(entry.name)]])
        .writeBeginning(global)
    }
    return try Answer(text: "").write(global)
  }

  private func row(_ entry: RetainedDatabases.Entry, _ verdict: Verdict) -> [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "database", "database": .string(entry.name), "role": .string(entry.role), "run": .string(entry.run),
      "verdict": .string(verdict.rawValue),
    ]
    if let size = entry.sizeBytes { row["bytes"] = .integer(Int64(size)) }
    if let until = entry.retainUntil { row["kept-until"] = .string(until.description) }
    return row
  }

  private enum Verdict: String {
    case drop = "past its retention"
    case keep = "kept"
    case open = "its run is open"
  }

  private func verdict(on entry: RetainedDatabases.Entry, run: RunSummary?) -> Verdict {
    if let run, !run.isTerminal { return .open }
    if entry.isExpired(at: .now) { return .drop }
    if entry.retainUntil == nil, abandoned { return .drop }
    return .keep
  }
}
