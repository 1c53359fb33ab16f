package import ArchiveKit
internal import Glibc
package import RecoverBase
package import RecoverRepository

/// Compares an archive, while somebody reads all of it, with the manifest and the list of the backup that it is in.
///
/// One thread at a time uses it.
package final class FilesBackupCheck: ArchiveCheck {
  package let directory: BackupDirectory
  package let manifest: TreeManifest
  package let digest: Digest
  private var list: LineReader<GzipSource<FileSource>>
  private var line: [UInt8] = []

  /// Reads the manifest, and the files beside the archive, each of which has to be what the manifest says.
  ///
  /// - Throws: ``RecoverError`` `backupRefused`.
  package init(_ directory: BackupDirectory, _ interruption: Interruption) throws {
    let (found, digest) = try directory.readAny()
    guard case .files(let manifest) = found else {
      throw RecoverError(
        .backupRefused, "\(directory.path) is a backup of a database, not of files",
        hint: "restore it with recover db --from")
    }
    self.directory = directory
    self.manifest = manifest
    self.digest = digest
    for name in [manifest.archive.file, manifest.archive.index, manifest.archive.list] {
      guard !name.contains("/"), manifest.file(named: name) != nil else {
        throw Self.refused(directory, BackupManifest.fileName, "it does not name \(name) among the files beside it")
      }
    }
    for file in manifest.files where file.name != manifest.archive.file {
      guard let read = try? FileDigest.read("\(directory.path)/\(file.name)", interruption) else {
        throw Self.refused(directory, file.name, "it is not there, or can't be read")
      }
      guard read == file else { throw Self.refused(directory, file.name, "its content is not what was written") }
    }
    let path = "\(directory.path)/\(manifest.archive.list)"
    list = LineReader(try GzipSource(try FileSource(path: path), named: path))
  }

  package var expectation: String { "\(manifest.id) of \(manifest.name)" }

  package func take(_ member: TarMember, _ digest: Digest?) throws {
    line.removeAll(keepingCapacity: true)
    FileLine.append(member, digest, to: &line)
    guard let expected = try list.next() else {
      throw refused("\(member.name) is not in the list of what was backed up")
    }
    guard expected.elementsEqual(line.dropLast()) else {
      throw refused("\(member.name) is not what was backed up: the list beside the archive says something else of it")
    }
  }

  package func finish(_ survey: TarSurvey) throws {
    guard try list.next() == nil else { throw refused("files that were backed up are not in it") }
    guard survey.fileBytes == manifest.file(named: manifest.archive.file)?.bytes,
      survey.archiveBytes == manifest.archive.contentBytes
    else { throw refused("it has \(survey.fileBytes) bytes, and was written with another number") }
    guard survey.sha256 == manifest.file(named: manifest.archive.file)?.sha256 else {
      throw refused("its content is not what was written")
    }
  }

  /// Reads the whole backup, blocking.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for the first thing that is not as it was written.
  package static func perform(_ directory: BackupDirectory, _ interruption: Interruption) throws {
    let check = try FilesBackupCheck(directory, interruption)
    let survey = try TarSurvey(
      try TarFile(path: "\(directory.path)/\(check.manifest.archive.file)"), interruption,
      visit: { try check.take($0, $1) })
    try check.finish(survey)
  }

  private func refused(_ why: String) -> RecoverError { Self.refused(directory, manifest.archive.file, why) }

  private static func refused(_ directory: BackupDirectory, _ file: String, _ why: String) -> RecoverError {
    RecoverError(
      .backupRefused, "the backup \(directory.path) is not whole: \(file): \(why)",
      hint: "use another backup: recover backup list")
  }
}

/// An archive that somebody named: a file of anybody's, or a backup of ours.
package struct ArchiveChoice: Sendable {
  /// The archive itself.
  package let path: String
  /// The backup that it is in; nil for anybody else's.
  package let backup: BackupDirectory?
  /// What its manifest says of the archive on disk; nil for anybody else's.
  package let expected: Digest?

  /// - Parameter path: absolute: an archive, or the directory or the manifest of a backup.
  /// - Throws: ``RecoverError`` `backupRefused` for a backup whose manifest can't be read, or is of a database.
  package init(_ path: String) throws {
    guard let found = BackupDirectory.holding(file: path) else {
      (self.path, backup, expected) = (path, nil, nil)
      return
    }
    guard case .files(let manifest) = try found.readAny().manifest else {
      throw RecoverError(
        .backupRefused, "\(path) is a backup of a database, not of files", hint: "restore it with recover db --from")
    }
    guard !manifest.archive.file.contains("/") else {
      throw RecoverError(.backupRefused, "\(found.manifestPath) names an archive outside of its directory")
    }
    self.path = "\(found.path)/\(manifest.archive.file)"
    backup = found
    expected = manifest.file(named: manifest.archive.file)?.sha256
  }

  /// Compares what was read of an archive with what its manifest says.
  ///
  /// - Throws: ``RecoverError`` `backupRefused`.
  package static func require(_ expected: Digest?, _ read: Digest, of path: String) throws {
    guard let expected, expected != read else { return }
    throw RecoverError(
      .backupRefused,
      "\(path) is not what its manifest says: its SHA-256 is \(read.hex), and was \(expected.hex) when it was written",
      hint: "use another backup; recover files --from \(path) --verify names the first file that differs")
  }
}

extension BackupDirectory {
  /// The backup that a path names: its directory, its manifest, or a file with an index beside it.
  fileprivate static func holding(file path: String) -> BackupDirectory? {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    let whole = BackupDirectory(path: String(trimmed))
    if unsafe access(whole.manifestPath, F_OK) == 0 { return whole }
    let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false)
    let parent = BackupDirectory(path: parts.dropLast().joined(separator: "/"))
    guard unsafe access(parent.manifestPath, F_OK) == 0 else { return nil }
    let hasIndex = unsafe access("\(trimmed).index", F_OK) == 0
    return hasIndex || parts.last.map { $0 == BackupManifest.fileName } == true ? parent : nil
  }
}
