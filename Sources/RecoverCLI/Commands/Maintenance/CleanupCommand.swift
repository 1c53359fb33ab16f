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
    discussion: """
      Without --yes it only lists. A copy that is being loaded, or whose run is still open, is never dropped; one
      that a run which is over left behind is dropped with --abandoned.
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
      try await composition.store.runs(of: nil).map { ($0.run.text, $0) }, uniquingKeysWith: { first, _ in first })
    let entries = try await retained.list()
    var table = TextTable(headings: ["DATABASE", "WHAT", "SIZE", "KEPT UNTIL", "RUN", "VERDICT"])
    var droppable: [RetainedDatabases.Entry] = []
    for entry in entries {
      let verdict = verdict(on: entry, run: runs[entry.run])
      if verdict == .drop { droppable.append(entry) }
      table.add([
        entry.name, entry.role, entry.sizeBytes.map { "\(ByteCount($0))" } ?? "?",
        entry.retainUntil?.description ?? "its run ends", entry.run, verdict.rawValue,
      ])
    }
    StandardOutput.write(entries.isEmpty ? "recoveries keep no database on this server" : table.text)
    guard !droppable.isEmpty else { return .success }
    guard yes else {
      StandardOutput.write("\(droppable.count) would be dropped; recover cleanup --yes drops them")
      return .success
    }
    for entry in droppable {
      try await retained.drop(entry)
      StandardOutput.write("dropped \(entry.name)")
    }
    return .success
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
