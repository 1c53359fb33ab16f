internal import ArgumentParser
internal import RecoverBase
internal import RecoverPolicy
internal import RecoverRepository
internal import RecoverSteps

/// `recover backup show`: what is in a backup, by its manifest; with `--check` whether its files are still it.
struct BackupShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what is in a backup; with --check read it and compare.",
    usage: "recover backup show <backup> [<options>]",
    discussion: """
      Examples:
        recover backup show last
        recover backup show last --check --public-key backup.pub
      """)

  @OptionGroup var backup: BackupArgument
  @Flag(help: "Read every file, and compare it with the manifest: 5 is the exit status of a damaged backup.")
  var check = false
  @Option(help: ArgumentHelp("Refuse a manifest that this Ed25519 key did not sign.", valueName: "file"))
  var publicKey: String?
  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let (options, global) = (repository, global)
    let directory = try backup.find(
      in: {
        Repository(root: try options.directory(global, try Composition(global).policies(global).policy))
      }, global)
    let (found, digest) = try directory.readAny()
    if let publicKey { try directory.checkSignature(try KeyFile.verifying(global.absolute(publicKey))) }
    switch found {
    case .database(let manifest):
      if check { _ = try await BlockingThread.run("recover-check") { try BackupCheck(directory).perform($0) } }
      return try Answer(text: text(manifest, directory, digest), rows: [try row(manifest, digest)]).write(global)
    case .files(let manifest):
      if check { try await BlockingThread.run("recover-check") { try FilesBackupCheck.perform(directory, $0) } }
      let view = TreeManifestView(manifest: manifest, directory: directory, digest: digest, isChecked: check)
      return try Answer(text: view.text, rows: [try row(manifest, digest)]).write(global)
    }
  }

  private func row(_ manifest: some Encodable, _ digest: Digest) throws -> [String: JSONValue] {
    ["kind": "backup", "sha256": .string(digest.hex), "manifest": try JSONValue(encoding: manifest)]
  }

  private func text(_ manifest: BackupManifest, _ directory: BackupDirectory, _ digest: Digest) -> String {
    let source = manifest.source
    var lines = [
      "backup      \(manifest.id) of \(manifest.name)",
      "directory   \(directory.path)",
      "database    \(source.database), PostgreSQL \(source.serverVersion), \(source.encoding), \(source.collate)",
      "snapshot    \(manifest.snapshot.time), write-ahead log at \(manifest.snapshot.lsn)",
      "made by     recover \(manifest.tool.recover), pg_dump \(manifest.tool.pgDump), in "
        + ElapsedText.text(.milliseconds(manifest.durationMilliseconds)),
      "content     \(manifest.rows) rows of \(manifest.tables.count) tables, \(manifest.sequences.count) sequences, "
        + "\(manifest.largeObjects.objects) large objects, \(ByteCount(manifest.dump.contentBytes))",
      "extensions  \(source.extensions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))",
      "roles       \(source.roles.joined(separator: ", "))",
      "manifest    \(digest)\(directory.isSigned ? ", signed" : "")",
      "verified    \(directory.verification(of: digest).map { "\($0.at) by run \($0.run)" } ?? "not yet")",
      check ? "checked     every file is as it was written" : "",
      "",
    ]
    var table = TextTable(headings: ["FILE", "SIZE", "SHA-256"])
    for file in manifest.files { table.add([file.name, "\(ByteCount(file.bytes))", file.sha256.hex]) }
    lines.append(table.text)
    if global.verbose {
      var tables = TextTable(headings: ["TABLE", "ROWS", "BYTES", "CONTENT"])
      for part in manifest.tables {
        tables.add([part.text, "\(part.content.rows)", "\(ByteCount(part.content.bytes))", part.content.hex])
      }
      lines += ["", tables.text]
    }
    return lines.enumerated().filter { $0.element != "" || $0.offset >= 11 }.map {
      TerminalText.safe($0.element, keepsLines: true)
    }
    .joined(separator: "\n")
  }
}
