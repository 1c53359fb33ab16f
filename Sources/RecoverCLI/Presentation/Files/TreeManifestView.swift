internal import RecoverBase
internal import RecoverRepository
internal import RecoverSteps

/// What is in a backup of a tree, by its manifest.
struct TreeManifestView {
  let manifest: TreeManifest
  let directory: BackupDirectory
  let digest: Digest
  let isChecked: Bool

  var text: String {
    let contents = manifest.contents
    let archive = manifest.archive
    var lines = [
      "backup      \(manifest.id) of \(manifest.name)",
      "directory   \(directory.path)",
      "tree        \(manifest.source.path) of \(manifest.source.host), taken \(manifest.began)",
      "made by     recover \(manifest.tool.recover), in "
        + ElapsedText.text(.milliseconds(manifest.durationMilliseconds)),
      "content     \(ByteCount(contents.bytes)) in \(counts)",
      "archive     \(archive.file): \(archive.members) members, \(archive.codec) \(archive.level), "
        + "\(ByteCount(archive.contentBytes)) of tar",
    ]
    if !manifest.source.exclusions.isEmpty {
      lines.append("left out    \(manifest.source.exclusions.map(ShellWord.quoted).joined(separator: " "))")
    }
    for (remark, named) in manifest.remarks.sorted(by: { $0.key < $1.key }) {
      lines.append("note        \(named.count) \(remark): \(named.first.prefix(5).joined(separator: ", "))")
    }
    lines += [
      "manifest    \(digest)\(directory.isSigned ? ", signed" : "")",
      "verified    \(directory.verification(of: digest).map { "\($0.at) by run \($0.run)" } ?? "not yet")",
    ]
    if isChecked { lines.append("checked     every file is as it was written") }
    var table = TextTable(headings: ["FILE", "SIZE", "SHA-256"])
    for file in manifest.files { table.add([file.name, "\(ByteCount(file.bytes))", file.sha256.hex]) }
    return (lines + ["", table.text]).map { TerminalText.safe($0, keepsLines: true) }.joined(separator: "\n")
  }

  private var counts: String {
    let contents = manifest.contents
    let counts: [(Int64, String, String)] = [
      (contents.files, "file", "files"), (contents.directories, "directory", "directories"),
      (contents.symbolicLinks, "symbolic link", "symbolic links"), (contents.hardLinks, "hard link", "hard links"),
      (contents.devices, "device", "devices"), (contents.fifos, "fifo", "fifos"),
    ]
    return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }.joined(separator: ", ")
  }
}
