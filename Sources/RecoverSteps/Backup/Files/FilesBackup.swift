internal import ArchiveKit
package import RecoverBase
internal import RecoverRepository

/// Makes a backup of a directory tree: an ordinary `.tar.gz`, its index and its list of files.
///
/// Everything is written into a directory that no reader takes for a backup, brought to the disk, and renamed.
package struct FilesBackup: Sendable {
  let request: FilesBackupRequest
  let report: @Sendable (BackupProgress) -> Void

  /// Where a test can have the process die: before anything is written, after each gzip member, when all files are on the
  /// disk, when the manifest is, and when the backup has its name.
  package static let crashPoints: Set<String> = [
    "backup.begun", "backup.member", "backup.written", "backup.described", "backup.published",
  ]

  package init(_ request: FilesBackupRequest, report: @escaping @Sendable (BackupProgress) -> Void = { _ in }) {
    self.request = request
    self.report = report
  }

  /// Makes it, blocking.
  ///
  /// - Throws: ``RecoverError``; then nothing is left behind.
  package func perform(_ interruption: Interruption) throws -> FinishedFilesBackup {
    let (began, clock) = (WallTime.now, Moment.now)
    let parent = RepositoryLayout(root: request.repository).directory(of: request.name, .files)
    // Before a directory is made for its backup.
    try PackOptions.Identity.check(directory: request.path)
    if let place = PackOptions.Identity(ofDirectory: request.repository),
      place == PackOptions.Identity(ofDirectory: request.path)
    {
      throw RecoverError(
        .missingRequirement, "\(request.path) is the repository itself: each backup would hold all earlier ones",
        hint: "name a repository in a directory of its own; it may be inside of the tree")
    }
    Leftovers(directory: parent).sweep()
    let id = BackupID(time: began, run: request.run)
    let partial = try PartialBackup(id, in: parent)
    do {
      request.reach("backup.begun")
      let (written, found) = try write(into: partial.path, interruption)
      request.reach("backup.written")
      var manifest = TreeManifest(id, request, written, found)
      manifest.began = began
      manifest.durationMilliseconds = (Moment.now - clock).nanoseconds / 1_000_000
      try BackupDirectory(path: partial.path).keep(try manifest.encoded(), signedBy: request.signingKey)
      request.reach("backup.described")
      try interruption.check()
      let directory = try partial.publish()
      request.reach("backup.published")
      return FinishedFilesBackup(
        directory: directory, manifest: manifest, archiveFileBytes: written.summary.archive.bytes,
        notes: PackReport.Remark.allCases.compactMap { remark in found.remarks[remark].map { Self.note(remark, $0) } },
        duration: Moment.now - clock)
    } catch {
      partial.discard()
      throw error
    }
  }

  /// `2 left out, being sockets: a, b`.
  private static func note(_ remark: PackReport.Remark, _ named: PackReport.Named) -> String {
    let words =
      switch remark {
      case .excluded: "left out on request, with all that is below"
      case .otherFileSystem: "left empty, being another file system"
      case .socket: "left out, being sockets"
      case .vanished: "gone before they were read"
      case .grew: "that grew while they were read, kept as they were"
      case .changing: "that changed each time that they were read: perhaps half old and half new"
      case .unreadable: "left out, since we may not read them"
      }
    let paths = named.first.prefix(3).map(\.description).joined(separator: ", ")
    return "\(named.count) \(words): \(paths)\(named.count > 3 ? ", and \(named.count - 3) more" : "")"
  }

  struct Written {
    var summary: ArchiveFile.Summary
    var list: BackupManifest.File
  }

  private func write(into directory: String, _ interruption: Interruption) throws -> (Written, PackReport) {
    let name = RepositoryLayout.fileName(of: request.name)
    let reach = request.reach
    let archive = try ArchiveFile(directory: directory, name: "\(name).tar.gz") { reach("backup.member") }
    var list = try ListFile(directory: directory, name: "\(name).files.gz", request.codec)
    var options = request.options
    // A tree that holds the repository would hold the backup that is being written.
    if let place = PackOptions.Identity(ofDirectory: request.repository) { options.untouched.append(place) }
    // What a restore has kept beside the live files is none of them, and could not be restored in its place.
    options.untouched += TreeKeep.all(in: request.path).compactMap { PackOptions.Identity(ofDirectory: $0.path) }
    if let lock = IgnorePattern(Array("/\(TreeLock.name)".utf8)) { options.exclusions.append(lock) }
    let untouched = options
    var told: Int64 = 0
    let found = try MemberStream.writing(to: archive, request.codec, level: request.level, threads: request.jobs) {
      stream in
      try TreePacker.pack(request.path, untouched, to: &stream, scratch: directory, interruption) { line, bytes in
        try list.append(line)
        guard bytes - told > 8 << 20 else { return }
        told = bytes
        report(BackupProgress(activity: "files", doneBytes: bytes, totalBytes: 0))
      }
    }
    report(BackupProgress(activity: "writing the disk", doneBytes: found.archiveBytes, totalBytes: 0))
    return (Written(summary: try archive.finish(), list: try list.finish()), found)
  }
}

extension TreeManifest {
  init(_ id: BackupID, _ request: FilesBackupRequest, _ written: FilesBackup.Written, _ found: PackReport) {
    var contents = Contents()
    contents.files = found.files
    contents.directories = found.directories
    contents.symbolicLinks = found.symbolicLinks
    contents.hardLinks = found.hardLinks
    contents.devices = found.devices
    contents.fifos = found.fifos
    contents.sparseFiles = found.sparseFiles
    contents.bytes = found.contentBytes
    let summary = written.summary
    self.init(
      id: id.text, name: request.name, tool: Tool(recover: request.toolVersion),
      source: Source(host: request.host, path: request.path, exclusions: request.exclusions),
      files: [summary.archive, summary.index, written.list],
      archive: Archive(
        file: summary.archive.name, index: summary.index.name, list: written.list.name,
        contentBytes: summary.contentBytes, members: summary.members, codec: request.codec.rawValue,
        level: request.level),
      contents: contents,
      remarks: Dictionary(
        uniqueKeysWithValues: found.remarks.map { remark, named in
          (remark.rawValue, Named(count: named.count, first: named.first.map(\.description)))
        }),
      began: .now, durationMilliseconds: 0)
  }
}
