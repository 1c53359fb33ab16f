internal import ArchiveKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverRepository

/// Which members of its backup a run reads, kept beside its state: a resumed run need not find them again.
enum ExcerptFile {
  private static func path(in directory: String) -> String { "\(directory)/excerpt.json" }

  static func keep(_ excerpt: BackupExcerpt, in directory: String) throws {
    try RunDirectory.make(directory)
    try RunDirectory.write(try JSONValue.canonicalBytes(of: excerpt), to: path(in: directory))
  }

  /// - Returns: nil where nothing is there that fits.
  static func load(_ digest: Digest, from directory: String) -> BackupExcerpt? {
    guard let bytes = try? RunDirectory.read(path(in: directory)), Digest(of: bytes) == digest else { return nil }
    return try? JSONValue.decode(BackupExcerpt.self, from: bytes)
  }
}

extension BackupFile {
  /// A run's backup as its inspection read it: as a whole, or the members that are needed.
  ///
  /// - Parameters:
  ///   - report: of the inspection.
  ///   - directory: the run's.
  /// - Throws: ``RecoverError`` `drifted` where other members would be needed now.
  static func inspected(
    _ bindings: DatabaseBindings, _ report: InspectReport, keptIn directory: String, _ interruption: Interruption
  ) throws -> BackupFile {
    var file = try BackupFile(path: bindings.backup.path)
    guard let read = report.excerpt else { return file }
    if let kept = ExcerptFile.load(read.digest, from: directory) {
      file.excerpt = kept
      return file
    }
    guard let found = try ExcerptFinder.find(bindings, in: file, interruption), found.report.digest == read.digest
    else {
      throw RecoverError(
        .drifted, "\(file.path) is not the backup that was inspected", hint: "look at it, and plan again")
    }
    file.excerpt = found.excerpt
    return file
  }
}

extension BackupExcerpt {
  /// Where its lines and bytes stand in the whole dump.
  var places: DumpPlaces {
    DumpPlaces(
      shifts: members.map { member in
        (
          from: member.place.offset, bytes: member.original.offset - member.place.offset,
          lines: member.original.line - member.place.line
        )
      })
  }

  /// The content, from the last member that begins at or before an offset.
  func source(of path: String, at offset: Int64) throws -> GzipSource<FileRangesSource> {
    guard let first = member(at: offset) else {
      throw RecoverError(.backupRefused, "nothing of \(path) is needed", hint: "plan again")
    }
    let member = members[first]
    let place = GzipAccessPoint(offset: member.place.offset, fileOffset: member.offset, member: member.number)
    var number = first
    let file = try FileRangesSource(path: path) {
      guard let (range, next) = fileRange(from: number) else { return nil }
      number = next
      return range
    }
    return try GzipSource(file, named: path, at: place, window: [])
  }
}
