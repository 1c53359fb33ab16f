internal import ArgumentParser
internal import RecoverBase
internal import RecoverPolicy
internal import RecoverRepository
internal import RecoverSteps

/// `recover backup list`: what backups there are, and what killed ones left.
struct BackupListCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the backups of the repository, newest first.",
    usage: "recover backup list [<name>] [<options>]")

  @Argument(help: ArgumentHelp("Only those of this database or tree.", valueName: "name"))
  var name: String?
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let policy = try Composition(global).policies(global).policy
    let repository = Repository(root: try repository.directory(global, policy))
    var table = TextTable(headings: ["BACKUP", "OF", "NAME", "TAKEN", "SIZE", "HOLDS", "STATE"])
    var rows: [[String: JSONValue]] = []
    for place in repository.places(named: name) {
      for entry in repository.backups(in: place) {
        table.add(Self.cells(entry))
        rows.append(Self.row(entry))
      }
      for leftover in repository.leftovers(in: place).entries() {
        let state = leftover.isWritten ? "being written" : "unfinished: its writer is dead; recover cleanup removes it"
        let file = leftover.path.split(separator: "/").last.map(String.init) ?? leftover.path
        table.add([file, place.kind.rawValue, place.name, "-", "-", "-", state])
        rows.append([
          "kind": "unfinished", "directory": .string(leftover.path), "being-written": .bool(leftover.isWritten),
        ])
      }
    }
    let text = rows.isEmpty ? "there are no backups in \(repository.layout.root)" : table.text
    return try Answer(text: text, rows: rows).write(global)
  }

  private static func cells(_ entry: Repository.Entry) -> [String] {
    guard let manifest = entry.manifest else {
      let problem = "damaged: \(entry.problem ?? "")"
      return [entry.id.text, entry.place.kind.rawValue, entry.place.name, entry.id.time.description, "-", "-", problem]
    }
    let state = entry.verification.map { "verified \($0.at)" } ?? "not verified yet"
    return [
      entry.id.text, entry.place.kind.rawValue, manifest.name, manifest.taken.description,
      "\(ByteCount(manifest.fileBytes))", holds(manifest), state,
    ]
  }

  private static func holds(_ manifest: AnyManifest) -> String {
    switch manifest {
    case .database(let manifest): "\(manifest.rows) rows of \(manifest.tables.count) tables"
    case .files(let manifest): "\(manifest.contents.entries) entries"
    }
  }

  private static func row(_ entry: Repository.Entry) -> [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "backup", "id": .string(entry.id.text), "directory": .string(entry.directory.path),
      "of": .string(entry.place.kind.rawValue),
    ]
    let name = JSONValue.string(entry.manifest?.name ?? entry.place.name)
    switch entry.place.kind {
    case .database: row["database"] = name
    case .files: row["name"] = name
    }
    if let manifest = entry.manifest {
      row["taken"] = .string(manifest.taken.description)
      row["bytes"] = .integer(manifest.fileBytes)
      switch manifest {
      case .database(let manifest): row["rows"] = .integer(manifest.rows)
      case .files(let manifest): row["entries"] = .integer(manifest.contents.entries)
      }
    }
    if let verification = entry.verification { row["verified"] = .string(verification.at.description) }
    if let problem = entry.problem { row["problem"] = .string(problem) }
    return row
  }
}
