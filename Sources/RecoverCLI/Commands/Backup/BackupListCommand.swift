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

  @Argument(help: ArgumentHelp("Only those of this database.", valueName: "name"))
  var name: String?
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let policy = try Composition(global).policies(global).policy
    let repository = Repository(root: try repository.directory(global, policy))
    let names = name.map { [RepositoryLayout.fileName(of: $0)] } ?? repository.directoryNames()
    var table = TextTable(headings: ["BACKUP", "DATABASE", "TAKEN", "SIZE", "TABLES", "ROWS", "STATE"])
    var rows: [[String: JSONValue]] = []
    for name in names {
      for entry in repository.backups(in: name) {
        table.add(Self.cells(entry))
        rows.append(Self.row(entry))
      }
      for leftover in repository.leftovers(in: name).entries() {
        let state = leftover.isWritten ? "being written" : "unfinished: its writer is dead; recover cleanup removes it"
        let file = leftover.path.split(separator: "/").last.map(String.init) ?? leftover.path
        table.add([file, name, "-", "-", "-", "-", state])
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
      return [entry.id.text, entry.name, entry.id.time.description, "-", "-", "-", "damaged: \(entry.problem ?? "")"]
    }
    let state = entry.verification.map { "verified \($0.at)" } ?? "not verified yet"
    return [
      entry.id.text, manifest.name, manifest.snapshot.time.description, "\(ByteCount(manifest.fileBytes))",
      "\(manifest.tables.count)", "\(manifest.rows)", state,
    ]
  }

  private static func row(_ entry: Repository.Entry) -> [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "backup", "id": .string(entry.id.text), "directory": .string(entry.directory.path),
      "database": .string(entry.manifest?.name ?? entry.name),
    ]
    if let manifest = entry.manifest {
      row["taken"] = .string(manifest.snapshot.time.description)
      row["bytes"] = .integer(manifest.fileBytes)
      row["rows"] = .integer(manifest.rows)
    }
    if let verification = entry.verification { row["verified"] = .string(verification.at.description) }
    if let problem = entry.problem { row["problem"] = .string(problem) }
    return row
  }
}
