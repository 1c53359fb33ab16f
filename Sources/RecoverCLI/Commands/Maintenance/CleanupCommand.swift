internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover cleanup`: lists what recoveries keep, and drops what is past its retention.
struct CleanupCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup", abstract: "List what recoveries keep; drop what is past its retention.",
    usage: "recover cleanup [<options>]",
    discussion: """
      Lists the databases that recoveries keep on the servers of the policy, or
      on the one of --database, the schemas of tables that were replaced in the
      databases that are named, the files that restores replaced, in the places of
      the policy's trees and of the runs that are known here or in the one of
      --tree, the safety dumps of runs in place that are known here, spooled
      standard input that no run needs any more, and backups of the
      repository that were not finished and whose writer is dead. Without --yes
      it only lists. A copy that is being loaded, or whose run is still open, is
      never dropped; one that a run which is over left behind is dropped with
      --abandoned. Of a run that is not known here nobody can tell that: it may
      be paused elsewhere, and its name has to be confirmed.

      Examples:
        recover cleanup
        recover cleanup --yes
        recover cleanup --database postgres://app@db1/app --abandoned
        recover cleanup --database app --abandoned --confirm RUN --yes
        recover cleanup --tree /srv/app
      """)

  @Option(help: ArgumentHelp("A database of the server: a URL, or a name of the policy.", valueName: "url|name"))
  var database: String?
  @Option(help: ArgumentHelp("A directory in which restores of files keep what they replaced.", valueName: "dir"))
  var tree: String?
  @Flag(help: "Drop what is past its retention.")
  var yes = false
  @Flag(help: "Also drop side databases that runs which have ended left behind.")
  var abandoned = false
  @Option(
    help: ArgumentHelp(
      "With --abandoned: a run that is not known here and is over, though nobody can tell.", valueName: "run"))
  var confirm: String?
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let policy = try composition.policies(global).policy
    let addresses = try addresses(policy)
    let runs = Dictionary(
      (try await composition.existingStore()?.runs(of: nil) ?? []).map { ($0.run.text, $0) },
      uniquingKeysWith: { first, _ in first })
    var kept: [KeptDatabase] = []
    for address in addresses {
      let server = try RetainedDatabases(address, drivers: composition.drivers(password: address.password))
      // Several databases of the policy may be on one server.
      for entry in try await server.list() where !kept.contains(where: { $0.entry.isSame(as: entry) }) {
        let verdict = CleanupVerdict(
          on: entry, run: runs[entry.run], abandoned: abandoned, confirmed: confirm, at: .now)
        kept.append(KeptDatabase(server: server, entry: entry, verdict: verdict))
      }
    }
    let files = try await KeptFiles.all(
      named: tree.map(global.absolute), policy, Array(runs.values), try composition.existingStore()
    ) { entry in
      CleanupVerdict(
        of: entry.note.run, retainUntil: entry.note.retainUntil, mayBeOriginal: true, run: runs[entry.note.run],
        abandoned: abandoned, confirmed: confirm, at: .now)
    }
    let dumps = try KeptSafetyDump.all(of: Array(runs.values), composition)
    let keeper = SpoolKeeper(composition)
    let spooled = try await keeper.leftovers()
    let unfinished = unfinishedBackups(policy)
    try list(kept, files, dumps, spooled, unfinished, isServerKnown: !addresses.isEmpty).writeBeginning(global)
    let dropped = kept.filter { $0.verdict.isDropped }
    let removed = files.filter { $0.verdict.isDropped }
    let expired = dumps.filter { $0.verdict == .expired }
    guard yes else {
      return try Answer(
        text: offer(count: dropped.count + removed.count + expired.count + spooled.count + unfinished.count)
      ).write(global)
    }
    for kept in dropped {
      try await kept.server.drop(kept.entry)
      try tell("dropped", kept.what, kept.name)
    }
    for kept in removed {
      try await kept.remove()
      try tell("removed", "directory", kept.entry.path)
    }
    for dump in expired {
      try dump.delete()
      try tell("removed", "file", dump.path)
    }
    for entry in spooled where keeper.remove(entry) { try tell("removed", "file", entry.path) }
    for backup in unfinished where backup.remove() { try tell("removed", "directory", backup.path) }
    return try Answer(text: "").write(global)
  }

  /// The databases whose servers are looked at: the one that is named, else all of the policy.
  private func addresses(_ policy: Policy) throws -> [DatabaseAddress] {
    if tree != nil, database == nil { return [] }
    if database != nil { return [try DatabaseAddress.resolve(database, in: policy)] }
    return try policy.databases.sorted { $0.key < $1.key }.map { try DatabaseAddress($0.value) }
  }

  /// What dead writers of backups left in the repository, where there is one.
  private func unfinishedBackups(_ policy: Policy) -> [Leftovers.Entry] {
    guard let directory = try? repository.directory(global, policy) else { return [] }
    let repository = Repository(root: directory)
    return repository.places().flatMap { repository.leftovers(in: $0).entries() }.filter { !$0.isWritten }
  }

  private func list(
    _ kept: [KeptDatabase], _ files: [KeptFiles], _ dumps: [KeptSafetyDump], _ spooled: [BackupSpool.Entry],
    _ unfinished: [Leftovers.Entry], isServerKnown: Bool
  ) -> Answer {
    var table = TextTable(headings: ["WHAT", "NAME", "SIZE", "KEPT UNTIL", "RUN", "VERDICT"])
    for kept in kept { table.add(kept.cells) }
    for kept in files { table.add(kept.cells) }
    for dump in dumps { table.add(dump.cells) }
    for entry in spooled {
      table.add(["spooled input", entry.path, "\(ByteCount(entry.sizeBytes))", "-", "-", "no run needs it"])
    }
    for backup in unfinished {
      table.add(["unfinished backup", backup.path, "-", "-", "-", "its writer is dead"])
    }
    let isEmpty = kept.isEmpty && files.isEmpty && dumps.isEmpty && spooled.isEmpty && unfinished.isEmpty
    var lines = isEmpty ? [] : [table.text]
    if tree != nil, files.isEmpty { lines.append("restores of files keep nothing there") }
    if !isServerKnown, tree == nil {
      lines.append("no server was looked at: name one of its databases with --database URL")
    } else if kept.isEmpty, isServerKnown {
      lines.append("recoveries keep nothing on \(database == nil ? "the servers of the policy" : "this server")")
    }
    let rows =
      kept.map(\.row) + files.map(\.row) + dumps.map(\.row)
      + spooled.map { entry in
        ["kind": "spooled", "file": .string(entry.path), "bytes": .integer(entry.sizeBytes), "verdict": "drop"]
      }
      + unfinished.map { ["kind": "unfinished-backup", "directory": .string($0.path), "verdict": "drop"] }
    return Answer(text: lines.joined(separator: "\n"), rows: rows)
  }

  /// The command that drops what was listed, to be copied.
  private func offer(count: Int) -> String {
    guard count > 0 else { return "" }
    let options =
      (database.map { " --database \(ShellWord.quoted($0))" } ?? "")
      + (tree.map { " --tree \(ShellWord.quoted($0))" } ?? "")
      + (repository.repository.map { " --repository \(ShellWord.quoted($0))" } ?? "")
      + (abandoned ? " --abandoned" : "")
      + (confirm.map { " --confirm \(ShellWord.quoted($0))" } ?? "")
    return global.place.placed("\(count) would be dropped; next: recover cleanup\(options) --yes")
  }

  private func tell(_ verb: String, _ what: String, _ name: String) throws {
    try Answer(text: "\(verb) \(name)", rows: [["kind": .string(verb), what: .string(name)]]).writeBeginning(global)
  }
}

/// A database that a recovery keeps, and what becomes of it.
private struct KeptDatabase {
  let server: RetainedDatabases
  let entry: RetainedDatabases.Entry
  let verdict: CleanupVerdict

  /// `database`, or `schema` with tables that were exchanged.
  var what: String { entry.database == nil ? "database" : "schema" }

  var name: String { entry.database.map { "\($0): \(entry.name)" } ?? entry.name }

  var cells: [String] {
    [
      entry.database == nil ? entry.role : "\(entry.role) tables", name,
      entry.sizeBytes.map { "\(ByteCount($0))" } ?? "?",
      entry.retainUntil?.description ?? verdict.endOfCopy, entry.run, verdict.text,
    ]
  }

  var row: [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": .string(what), what: .string(entry.name), "role": .string(entry.role), "run": .string(entry.run),
      "verdict": .string(verdict.rawValue),
    ]
    if let database = entry.database { row["database"] = .string(database) }
    if let size = entry.sizeBytes { row["bytes"] = .integer(Int64(size)) }
    if let until = entry.retainUntil { row["kept-until"] = .string(until.description) }
    return row
  }
}

/// What `recover cleanup` does with a database: pure.
enum CleanupVerdict: String {
  case expired, retained, open
  /// A copy that a run which is over left behind; dropped only where that is asked for.
  case abandoned
  case droppedAbandoned = "dropped-abandoned"
  /// A copy of a run that is not in this state directory.
  case unknown
  case droppedUnknown = "dropped-unknown"
  /// What was live before a run that is not in this state directory, and that was never accepted: perhaps the only
  /// good copy.
  case unknownOriginal = "unknown-original"

  /// - Parameters:
  ///   - run: what this state directory knows of its run.
  ///   - abandoned: whether copies of runs that are over are dropped as well.
  ///   - confirmed: the run that a person says is over, though nobody here can tell.
  init(
    on entry: RetainedDatabases.Entry, run: RunSummary?, abandoned: Bool, confirmed: String?, at time: WallTime
  ) {
    self.init(
      of: entry.run, retainUntil: entry.retainUntil, mayBeOriginal: entry.role == "previous", run: run,
      abandoned: abandoned, confirmed: confirmed, at: time)
  }

  /// - Parameter mayBeOriginal: without an end of its retention, it may be what was live before an unfinished run.
  init(
    of name: String, retainUntil: WallTime?, mayBeOriginal: Bool, run: RunSummary?, abandoned: Bool,
    confirmed: String?, at time: WallTime
  ) {
    if let run, !run.isTerminal {
      self = .open
    } else if let retainUntil {
      self = retainUntil <= time ? .expired : .retained
    } else if run != nil {
      self = abandoned ? .droppedAbandoned : .abandoned
    } else if mayBeOriginal {
      self = .unknownOriginal
    } else {
      self = abandoned && confirmed == name ? .droppedUnknown : .unknown
    }
  }

  var isDropped: Bool {
    switch self {
    case .expired, .droppedAbandoned, .droppedUnknown: true
    case .retained, .open, .abandoned, .unknown, .unknownOriginal: false
    }
  }

  var text: String {
    switch self {
    case .expired: "past its retention"
    case .retained: "kept"
    case .open: "kept: its run is open"
    case .abandoned: "kept: its run has ended; --abandoned drops it"
    case .droppedAbandoned: "its run has ended"
    case .unknown: "kept: its run is not known here; --abandoned --confirm RUN drops it"
    case .droppedUnknown: "its run is not known here, and confirmed to be over"
    case .unknownOriginal: "kept: what was live before a run that is not known here and did not end"
    }
  }

  /// Until when a copy without a retention is kept.
  var endOfCopy: String {
    switch self {
    case .open, .unknown, .droppedUnknown, .unknownOriginal: "its run ends"
    case .expired, .retained, .abandoned, .droppedAbandoned: "-"
    }
  }
}

extension RetainedDatabases.Entry {
  fileprivate func isSame(as other: Self) -> Bool {
    systemIdentifier == other.systemIdentifier && oid == other.oid && database == other.database
  }
}
