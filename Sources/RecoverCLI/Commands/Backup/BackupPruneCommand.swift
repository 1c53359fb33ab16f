internal import ArgumentParser
internal import RecoverBase
internal import RecoverPolicy
internal import RecoverRepository
internal import RecoverSteps

/// `recover backup prune`: removes backups that no rule of retention keeps.
struct BackupPruneCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Say which backups the rules keep; with --yes remove the others.",
    usage: "recover backup prune [<name>] --keep-... [<options>]",
    discussion: """
      Each rule keeps the newest backup of so many hours, days, weeks (from
      Monday), months and years that have one, in UTC. What any rule keeps is
      kept; so are the newest of each database and tree, and the newest whose
      restore was proved. Nothing is removed without --yes.

      Examples:
        recover backup prune --keep-daily 7 --keep-weekly 5 --keep-monthly 12
        recover backup prune app --keep-last 3 --keep-within 14d --yes
      """)

  @Argument(help: ArgumentHelp("Only those of this database or tree.", valueName: "name"))
  var name: String?
  @Option(help: ArgumentHelp("Keep the newest ones.", valueName: "number"))
  var keepLast = 0
  @Option(help: ArgumentHelp("Keep the newest of so many hours.", valueName: "number"))
  var keepHourly = 0
  @Option(help: ArgumentHelp("Keep the newest of so many days.", valueName: "number"))
  var keepDaily = 0
  @Option(help: ArgumentHelp("Keep the newest of so many weeks.", valueName: "number"))
  var keepWeekly = 0
  @Option(help: ArgumentHelp("Keep the newest of so many months.", valueName: "number"))
  var keepMonthly = 0
  @Option(help: ArgumentHelp("Keep the newest of so many years.", valueName: "number"))
  var keepYearly = 0
  @Option(help: ArgumentHelp("Keep all that are not older: 14d, 36h.", valueName: "duration"))
  var keepWithin: String?
  @Flag(help: "Remove what no rule keeps.")
  var yes = false
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let retention = try retention()
    let policy = try Composition(global).policies(global).policy
    let repository = Repository(root: try repository.directory(global, policy))
    var table = TextTable(headings: ["BACKUP", "OF", "NAME", "SIZE", "VERDICT"])
    var rows: [[String: JSONValue]] = []
    var removed: [Repository.Entry] = []
    for place in repository.places(named: name) {
      let entries = repository.backups(in: place)
      let decisions = retention.decide(
        entries.map { Retention.Candidate(id: $0.id, isVerified: $0.verification != nil) }, at: .now)
      for (entry, decision) in zip(entries, decisions) {
        if !decision.isKept { removed.append(entry) }
        let verdict = decision.isKept ? "kept: \(decision.reasons.joined(separator: ", "))" : "to be removed"
        let size = entry.manifest.map { "\(ByteCount($0.fileBytes))" } ?? "-"
        table.add([entry.id.text, place.kind.rawValue, entry.manifest?.name ?? place.name, size, verdict])
        rows.append([
          "kind": "backup", "id": .string(entry.id.text), "directory": .string(entry.directory.path),
          "kept": .bool(decision.isKept), "reasons": .array(decision.reasons.map { .string($0) }),
        ])
      }
    }
    try Answer(text: table.text, rows: rows).writeBeginning(global)
    guard yes else { return try Answer(text: offer(removed.count)).write(global) }
    for entry in removed { try entry.directory.remove() }
    return try Answer(text: "removed \(removed.count) of \(rows.count) backups").write(global)
  }

  private func offer(_ count: Int) -> String {
    count == 0 ? "nothing would be removed" : "\(count) would be removed; the same command with --yes removes them"
  }

  private func retention() throws -> Retention {
    var retention = Retention()
    let counts = [
      ("last", keepLast), ("hourly", keepHourly), ("daily", keepDaily), ("weekly", keepWeekly),
      ("monthly", keepMonthly), ("yearly", keepYearly),
    ]
    for (rule, count) in counts where count < 0 {
      throw RecoverError(.usage, "--keep-\(rule) takes a number of backups, not \(count)", hint: "0 switches it off")
    }
    (retention.last, retention.hourly, retention.daily) = (keepLast, keepHourly, keepDaily)
    (retention.weekly, retention.monthly, retention.yearly) = (keepWeekly, keepMonthly, keepYearly)
    if let keepWithin {
      guard let duration = Duration(text: keepWithin) else {
        throw RecoverError(.usage, "--keep-within takes a duration, not `\(keepWithin)`", hint: "write 14d or 36h")
      }
      retention.within = duration
    }
    guard !retention.isEmpty else {
      throw RecoverError(
        .usage, "no rule says what to keep", hint: "give one or several: --keep-last 7 --keep-weekly 5")
    }
    return retention
  }
}
