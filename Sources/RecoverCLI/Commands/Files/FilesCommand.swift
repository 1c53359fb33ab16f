internal import ArchiveKit
internal import ArgumentParser
internal import RecoverBase

/// `recover files --from ARCHIVE`: lists, verifies, compares or restores a tar archive of a file tree.
struct FilesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "Restore a tar archive to a new directory; list, verify or compare it.",
    usage: "recover files --from <file> --list|--verify|--diff <dir>|--to <dir>",
    discussion: """
      Examples:
        recover files --from backup.tar.gz --list
        recover files --from backup.tar.gz --verify
        recover files --from backup.tar.zst --verify --json     (SHA-256 a file)
        recover files --from backup.tar.gz --to /srv/data-new
        recover files --from backup.tar.gz --to /srv/new --owner 1000:1000
        recover files --from backup.tar.gz --diff /srv/data

      Reads plain tar, gzip and zstd: v7, ustar, GNU and PAX, sparse files too.
      An archive has one meaning or is refused, with the byte and the member.

      --to restores beside the new name, into a directory that nobody else may
      enter, reads every file back and proves it, writes the disk, and then gives
      it its name at once. When anything fails, nothing is left behind.
      Setuid bits, devices and privileged attributes come only on request, and
      what was left out is said.

      Exit status 0 means that all of it was done and checked, 5 that the archive
      is refused, or that --diff found a difference.
      """)

  @Option(help: ArgumentHelp("The archive.", valueName: "file"))
  var from: String

  @Flag(name: .customLong("list"), help: "List the members, as tar -tv does; writes nothing.")
  var listsMembers = false

  @Flag(help: "Read everything: checksums, end, names, limits; give the SHA-256.")
  var verify = false

  @Option(help: ArgumentHelp("Compare a tree with the archive, and name each difference.", valueName: "dir"))
  var diff: String?

  @Option(help: ArgumentHelp("Restore into a new directory.", valueName: "dir"))
  var to: String?

  @OptionGroup var extraction: ExtractionOptions

  @Option(help: ArgumentHelp("Refuse an archive with more entries.", valueName: "n"))
  var maxEntries: Int64?

  @Option(help: ArgumentHelp("Refuse an archive whose files have more bytes.", valueName: "bytes"))
  var maxBytes: Int64?

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    guard [listsMembers, verify, diff != nil, to != nil].count(where: { $0 }) == 1 else {
      throw RecoverError(
        .usage, "say what is to be done with the archive: --list, --verify, --diff or --to, one of them",
        hint: "recover files --from FILE --verify says whether it is whole")
    }
    guard diff != nil || to != nil || extraction.isEmpty else {
      throw RecoverError(
        .usage, "--list and --verify write nothing: owners and attributes are options of --to and --diff")
    }
    guard to != nil || !extraction.hasRequests else {
      throw RecoverError(
        .usage, "--keep-setuid, --devices and --privileged-attributes are for --to: --diff always compares them",
        hint: "leave them out")
    }
    let policy = try extraction.policy(isComparison: diff != nil)
    let choice = try Composition.archive(global.absolute(from))
    let file = choice.file
    let (budget, isJSON, isQuiet) = (try budget(), global.json, global.quiet)
    if let to {
      let restore = TreeRestore(file, to: global.absolute(to), policy, budget: budget)
      return try await TreeRestoreView.run(restore, file, to: global.absolute(to), global)
    }
    if let diff { return try await TreeDiffView.run(file, global.absolute(diff), policy, budget, isJSON: isJSON) }
    return listsMembers
      ? try await TarListView.run(file, budget, isJSON: isJSON)
      : try await TarVerifyView.run(choice, budget, isJSON: isJSON, isQuiet: isQuiet)
  }

  private func budget() throws -> TarBudget {
    var budget = TarBudget.standard
    for (value, name) in [(maxEntries, "--max-entries"), (maxBytes, "--max-bytes")] {
      if let value, value < 0 { throw RecoverError(.usage, "\(name) takes a number from 0 on, not \(value)") }
    }
    if let maxEntries { budget.entries = maxEntries }
    if let maxBytes { budget.contentBytes = maxBytes }
    return budget
  }
}
