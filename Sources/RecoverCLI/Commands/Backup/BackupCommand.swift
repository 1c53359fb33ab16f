internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverPolicy
internal import RecoverRepository
internal import RecoverSteps

/// `recover backup`: makes backups, and looks after them.
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Make backups that carry their proof; list, show and prune them.",
    subcommands: [
      BackupDatabaseCommand.self, BackupFilesCommand.self, BackupListCommand.self, BackupShowCommand.self,
      BackupPruneCommand.self,
    ])
}

/// Where backups are.
struct RepositoryOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The directory of the backups, instead of the policy's.", valueName: "dir"))
  var repository: String?

  /// The directory, absolute.
  func directory(_ global: GlobalOptions, _ policy: Policy) throws -> String {
    if let repository { return global.absolute(repository) }
    if let repository = policy.repository { return repository }
    throw RecoverError(
      .usage, "there is no repository to keep backups in",
      hint: "name a directory with --repository DIR, or in the policy: repository")
  }
}

/// Finds the backup that a person means.
struct BackupArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A backup's directory, its time and run, or `last`.", valueName: "backup"))
  var backup: String

  /// - Throws: ``RecoverError`` `usage` when there is none, or several.
  func find(in repository: () throws -> Repository, _ global: GlobalOptions) throws -> BackupDirectory {
    if backup.contains("/") {
      guard let found = BackupDirectory.containing(global.absolute(backup)) else {
        throw RecoverError(.usage, "\(backup) is no backup", hint: "name the directory that has a manifest.json")
      }
      return found
    }
    let repository = try repository()
    let all = repository.places().flatMap { repository.backups(in: $0) }
    let found =
      backup == "last" ? all.max { $0.id < $1.id }.map { [$0] } ?? [] : all.filter { $0.id.text.contains(backup) }
    guard let first = found.first else {
      throw RecoverError(
        .usage, "there is no backup \(backup) in \(repository.layout.root)", hint: "recover backup list tells which")
    }
    guard found.count == 1 else {
      throw RecoverError(
        .usage, "\(found.count) backups are called \(backup)", hint: "write out the time and the run of one")
    }
    return first.directory
  }
}
