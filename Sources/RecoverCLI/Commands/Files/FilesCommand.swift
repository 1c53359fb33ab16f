internal import ArchiveKit
internal import ArgumentParser
internal import RecoverBase

/// `recover files --from ARCHIVE`: what a tar archive of a file tree holds, and whether it is whole.
struct FilesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "List or verify a tar archive of a file tree.",
    usage: "recover files --from <file> --list|--verify [<options>]",
    discussion: """
      Examples:
        recover files --from backup.tar.gz --list
        recover files --from backup.tar.gz --verify
        recover files --from backup.tar.zst --verify --json     (SHA-256 a file)

      Reads plain tar, gzip and zstd: v7, ustar, GNU and PAX, sparse files too.
      An archive has one meaning or is refused, with the byte and the member.
      Exit status 0 means that all of it was read and is whole, 5 that it is not.
      """)

  @Option(help: ArgumentHelp("The archive.", valueName: "file"))
  var from: String

  @Flag(name: .customLong("list"), help: "List the members, as tar -tv does; writes nothing.")
  var listsMembers = false

  @Flag(help: "Read everything: checksums, end, names, limits; give the SHA-256.")
  var verify = false

  @Option(help: ArgumentHelp("Refuse an archive with more entries.", valueName: "n"))
  var maxEntries: Int64?

  @Option(help: ArgumentHelp("Refuse an archive whose files have more bytes.", valueName: "bytes"))
  var maxBytes: Int64?

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    guard listsMembers != verify else {
      throw RecoverError(
        .usage, "say what is to be done with the archive: --list or --verify",
        hint: "recover files --from FILE --verify says whether it is whole")
    }
    let file = try TarFile(path: global.absolute(from))
    let (budget, isJSON, isQuiet) = (try budget(), global.json, global.quiet)
    return listsMembers
      ? try await TarListView.run(file, budget, isJSON: isJSON)
      : try await TarVerifyView.run(file, budget, isJSON: isJSON, isQuiet: isQuiet)
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
