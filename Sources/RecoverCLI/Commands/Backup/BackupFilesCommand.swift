internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover backup files`: a directory tree as an ordinary `.tar.gz`, with its proof beside it.
struct BackupFilesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "Back up a directory tree: an ordinary .tar.gz, and its proof.",
    usage: "recover backup files --path <dir|name> [<options>]",
    discussion: """
      Examples:
        recover backup files --path /srv/data --repository /backups
        recover backup files --path data --exclude '*.tmp' --exclude /cache
        recover files --verify --from /backups/files/data/20261123T020000Z-01ng

      The archive is what tar -xzf reads: names, owners, modes, times, links,
      devices, holes, attributes and access lists. It is compressed by as many
      threads as there are cores, and inflated by as many. The same tree gives
      the same bytes. Beside it: the SHA-256 of every file, and an index by which
      one file is found without reading the rest.

      Left out are sockets, the repository itself, what recover keeps there of
      former restores, what --exclude names, and what files called .recoverignore
      in the tree name for what is below them; both have the patterns of
      gitignore. All that was left out is counted and said.

      A file that changes while it is read is read again, up to four times. One
      that only grew, such as a log, is kept as it was; one that always changes is
      an error, and so is one that can't be read.
      """)

  @Option(help: ArgumentHelp("The directory: a path, or a tree's name in the policy.", valueName: "dir|name"))
  var path: String
  @Option(help: ArgumentHelp("What the repository calls it; else the directory's name.", valueName: "name"))
  var name: String?
  @Option(help: ArgumentHelp("Leave out what matches, seen from the directory.", valueName: "pattern"))
  var exclude: [String] = []
  @Flag(help: "Leave out what is below a CACHEDIR.TAG.")
  var excludeCaches = false
  @Flag(help: "Back up also what a .recoverignore leaves out.")
  var noIgnoreFiles = false
  @Flag(help: "Leave directories empty that are other file systems.")
  var oneFileSystem = false
  @Flag(help: "Leave out what can't be read, and say so.")
  var skipUnreadable = false
  @Flag(help: "Keep files that always change as they were read last, and say so.")
  var keepChanging = false
  @Option(help: ArgumentHelp("How many threads compress; one a core unless given.", valueName: "number"))
  var jobs: Int?
  @Option(help: ArgumentHelp("How hard to compress, from 1 to 9.", valueName: "number"))
  var level = 6
  @Option(help: ArgumentHelp("Sign the manifest with this Ed25519 key (PEM, mode 0600).", valueName: "file"))
  var signKey: String?
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    guard (1...9).contains(level) else {
      throw RecoverError(.usage, "--level takes a number from 1 to 9, not \(level)", hint: "6 is gzip's own")
    }
    guard (1...64).contains(jobs ?? 1) else {
      throw RecoverError(.usage, "--jobs takes a number from 1 to 64, not \(jobs ?? 0)", hint: "one for each core")
    }
    let composition = try Composition(global)
    let request = try request(try composition.policies(global).policy)
    let progress = LiveProgress(mode: global.json || global.quiet ? .silent : .automatic, steps: ["backup"])
    let backup = FilesBackup(request) { state in
      progress.update(step: "backup", Progress(doneBytes: state.doneBytes, detail: state.activity))
    }
    defer { progress.clear() }
    let done = try await CancelledBySignals.run {
      try await BlockingThread.run("recover-backup") { try backup.perform($0) }
    }
    progress.clear()
    return try FilesBackupView(done: done).answer.write(global)
  }

  private func request(_ policy: Policy) throws -> FilesBackupRequest {
    let isPath = path.contains("/") || path == "." || path == ".."
    let directory = isPath ? global.absolute(path) : try policy.tree(named: path).path
    let run = RunID(seconds: WallTime.now.microseconds / 1_000_000, random: UInt32.random(in: 0..<1 << 20)).text
    guard let name = name ?? (isPath ? Self.name(of: directory) : path), !name.isEmpty else {
      throw RecoverError(.usage, "\(path) has no name of its own", hint: "give it one for the repository: --name NAME")
    }
    var request = FilesBackupRequest(
      name: name, path: directory, repository: try repository.directory(global, policy),
      jobs: jobs ?? WorkerCount.forReading, host: ProcessEnvironment.hostName, toolVersion: RecoverVersion.text,
      run: run)
    try request.exclude(exclude)
    request.excludesCaches = excludeCaches
    request.readsIgnoreFiles = !noIgnoreFiles
    request.staysOnFileSystem = oneFileSystem
    request.skipsUnreadable = skipUnreadable
    request.keepsChanging = keepChanging
    request.level = level
    if let codec = ProcessEnvironment.value("RECOVER_GZIP_CODEC") { try request.chooseCodec(codec) }
    request.signingKey = try signKey.map { try KeyFile.signing(global.absolute($0)) }
    if let point = ProcessEnvironment.value("RECOVER_CRASH_AT") {
      let points = try CrashPoints(point, environment: policy.environment, known: FilesBackup.crashPoints)
      request.reach = { points.reach($0) }
    }
    return request
  }

  /// The last part of a path that says anything.
  private static func name(of path: String) -> String? {
    path.split(separator: "/").last { $0 != "." && $0 != ".." }.map(String.init)
  }
}
