internal import RecoverBase
internal import RecoverRepository
internal import RecoverSteps

/// What a backup of a tree has become, for people and as a line of JSON.
struct FilesBackupView {
  let done: FinishedFilesBackup

  var answer: Answer { Answer(text: text, rows: [row]) }

  private var text: String {
    let manifest = done.manifest
    let tarBytes = manifest.archive.contentBytes
    let rate = done.duration.seconds > 0 ? ByteCount(Int64(Double(tarBytes) / done.duration.seconds)) : nil
    let lines =
      [
        "backed up \(manifest.source.path): \(manifest.contents.entries) entries, "
          + "\(ByteCount(manifest.contents.bytes)) in \(ByteCount(done.archiveFileBytes)), "
          + "\(ElapsedText.text(done.duration))\(rate.map { ", \($0)/s" } ?? "")"
      ] + done.notes.map { "note: \($0)" } + [done.directory]
    return lines.map { TerminalText.safe($0) }.joined(separator: "\n")
  }

  private var row: [String: JSONValue] {
    let manifest = done.manifest
    return [
      "kind": "backup", "of": "files", "name": .string(manifest.name), "path": .string(manifest.source.path),
      "id": .string(manifest.id), "directory": .string(done.directory), "bytes": .integer(manifest.fileBytes),
      "archive-file-bytes": .integer(done.archiveFileBytes), "tar-bytes": .integer(manifest.archive.contentBytes),
      "content-bytes": .integer(manifest.contents.bytes), "entries": .integer(manifest.contents.entries),
      "milliseconds": .integer(done.duration.nanoseconds / 1_000_000),
      "remarks": .object(manifest.remarks.mapValues { .integer($0.count) }),
    ]
  }
}
