internal import ArchiveKit
internal import ArgumentParser
internal import RecoverBase

/// `recover files --from ARCHIVE`: lists, verifies, compares or restores a tar archive of a file tree.
///
/// `FilesCommand+Recovery` restores into what is there.
struct FilesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "Restore a tar archive beside what is live, prove it, swap it in; or list it.",
    usage: "recover files --from <file> --list|--verify|--diff <dir>|--to <dir>",
    discussion: """
      Examples:
        recover files --from backup.tar.gz --list
        recover files --from backup.tar.gz --verify
        recover files --from backup.tar.zst --verify --json     (SHA-256 a file)
        recover files --from backup.tar.gz --to /srv/app --plan
        recover files --from backup.tar.gz --to /srv/app --yes
        recover files --from backup.tar.gz --to data --yes  (a tree of the policy)
        recover files --from backup.tar.gz --to /srv/data-new
        recover files --from backup.tar.gz --to /srv/new --owner 1000:1000
        recover files --from backup.tar.gz --diff /srv/data
        recover files --from backup.tar.gz --list --include 'data/*.db'
        recover files --from app-1.4.tar --to /srv/new --strip-components 1

      Reads plain tar, gzip and zstd: v7, ustar, GNU and PAX, sparse files too.
      An archive has one meaning or is refused, with the byte and the member.

      --to a directory that is there exchanges each name at the archive's top with
      its namesake, as a run with a plan; what the archive does not name is not
      touched. With --mirror, and for a tree of the policy, the directory is
      exchanged as a whole. What was replaced is kept beside it, and `recover undo`
      exchanges it back. --to a new name makes that directory at once, without a
      run. Either way it is extracted into a directory that nobody else may enter,
      every file is read back and proved, and the disk is written, before anything
      gets its name. When that fails, nothing is left behind.
      Setuid bits, devices and privileged attributes come only on request, and
      what was left out is said.

      Who still holds what is replaced would go on with the old files: processes
      with a working directory, open files or maps there, and mounts, also in
      containers, are named and refused, unless a service that the plan stops may
      be one of them; then it is looked again once it has stopped.

      --include and --exclude have the patterns of gitignore, meant for the names
      that --list shows: data is that name anywhere, /data at the top. A pattern
      that matches nothing is refused. So is leaving out a part of what would be
      replaced as a whole, since that part would vanish from the live directory:
      --overlay copies what the archive lacks into what is extracted before it is
      exchanged, so that it stays, and --mirror says that it may vanish.

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

  @Option(
    help: ArgumentHelp(
      "Restore into a directory: one that is there, a new one, or a tree of the policy.", valueName: "dir|name"))
  var to: String?

  @Flag(help: "Make the directory exactly what the archive holds: what it lacks is gone.")
  var mirror = false

  @Flag(help: "Keep what the archive lacks, inside of what is replaced too.")
  var overlay = false

  @Flag(help: "Go on while processes hold what is replaced: they keep the old files.")
  var allowHolders = false

  @OptionGroup var members: MemberOptions

  @OptionGroup var extraction: ExtractionOptions

  @Option(help: ArgumentHelp("Refuse an archive with more entries.", valueName: "n"))
  var maxEntries: Int64?

  @Option(help: ArgumentHelp("Refuse an archive whose files have more bytes.", valueName: "bytes"))
  var maxBytes: Int64?

  @OptionGroup var action: ActionOptions
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
    guard to != nil || !acts else {
      throw RecoverError(
        .usage,
        "--plan, --yes, --confirm, --expect-plan, --mirror, --overlay and --allow-holders are for --to: nothing else changes anything",
        hint: "leave them out")
    }
    guard !mirror || !overlay else {
      throw RecoverError(
        .usage, "--mirror makes the directory exactly what the archive holds, and --overlay keeps what it lacks",
        hint: "say one of them")
    }
    let selection = try members.selection()
    guard selection == nil || to != nil || listsMembers else {
      throw RecoverError(
        .usage, "--include, --exclude and --strip-components are for --to and --list: the others look at all of it",
        hint: "leave them out")
    }
    let target = try to.map { try self.target($0) }
    switch target {
    case .existing, .tree: return try await recover(to: target ?? .existing(""))
    case .new, nil: break
    }
    let policy = try extraction.policy(isComparison: diff != nil)
    let choice = try Composition.archive(global.absolute(from))
    var file = choice.file
    file.selection = selection
    let (budget, isJSON, isQuiet) = (try budget(), global.json, global.quiet)
    if case .new(let path) = target {
      try refusePlan(path)
      let restore = TreeRestore(file, to: path, policy, budget: budget, accept: choice.accept)
      return try await TreeRestoreView.run(restore, file, to: path, global)
    }
    if let diff { return try await TreeDiffView.run(file, global.absolute(diff), policy, budget, isJSON: isJSON) }
    return listsMembers
      ? try await TarListView.run(file, budget, isJSON: isJSON)
      : try await TarVerifyView.run(choice, budget, isJSON: isJSON, isQuiet: isQuiet)
  }

  /// Whether something was asked for that only a restore has.
  private var acts: Bool {
    action.planOnly || action.yes || action.confirm != nil || action.expectPlan != nil || mirror || overlay
      || allowHolders
  }

  private func refusePlan(_ path: String) throws {
    guard !overlay else {
      throw RecoverError(
        .usage, "there is no \(path): nothing is there that --overlay could keep", hint: "check the name")
    }
    guard action.planOnly || action.expectPlan != nil else { return }
    throw RecoverError(
      .usage, "there is no \(path): a new directory is made without a plan, since nothing is replaced",
      hint: "check the name; without --plan it is made")
  }

  func budget() throws -> TarBudget {
    var budget = TarBudget.standard
    for (value, name) in [(maxEntries, "--max-entries"), (maxBytes, "--max-bytes")] {
      if let value, value < 0 { throw RecoverError(.usage, "\(name) takes a number from 0 on, not \(value)") }
    }
    if let maxEntries { budget.entries = maxEntries }
    if let maxBytes { budget.contentBytes = maxBytes }
    return budget
  }
}
