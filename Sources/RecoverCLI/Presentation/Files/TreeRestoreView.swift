internal import ArchiveKit
internal import RecoverBase

/// What a restore into a new directory did, for people and as lines of JSON.
struct TreeRestoreView {
  let file: TarFile
  let target: String
  let outcome: TreeRestore.Outcome
  let duration: Duration
  /// When each phase began.
  let begins: [TreeRestore.Phase: Moment]

  static func run(
    _ restore: TreeRestore, _ file: TarFile, to target: String, _ global: GlobalOptions
  ) async throws -> ExitStatus {
    let size = try FileSource.size(of: file.path)
    let progress = FilesProgress(isSilent: global.json || global.quiet)
    defer { progress.clear() }
    let start = Moment.now
    let begins = Monitor<[TreeRestore.Phase: Moment]>([:])
    let outcome = try await CancelledBySignals.run {
      try await BlockingThread.run("recover-files") { interruption in
        try restore.perform(interruption) { phase, doneBytes, totalBytes in
          begins.change { begins in if begins[phase] == nil { begins[phase] = .now } }
          progress.update(phase.rawValue, doneBytes: doneBytes, totalBytes: totalBytes ?? size)
        }
      }
    }
    progress.clear()
    let view = TreeRestoreView(
      file: file, target: target, outcome: outcome, duration: Moment.now - start,
      begins: begins.change { $0.merging([.extracting: start]) { $1 } })
    return try Answer(text: view.text, rows: [view.row]).write(global)
  }

  var text: String {
    let report = outcome.report
    var lines = [
      """
      restored \(target): \(report.files) files, \(report.directories) directories, \(report.links) links, \
      \(ByteCount(outcome.report.contentBytes)) in \(ElapsedText.text(duration))
      """,
      "every file was read back, proved and written to the disk; sha256 of the archive \(outcome.sha256)",
    ]
    lines += notes.map { "note: \($0)" }
    return lines.map { TerminalText.safe($0) }.joined(separator: "\n")
  }

  private var notes: [String] {
    let losses = ExtractionReport.Loss.allCases.compactMap { loss in
      outcome.report.losses[loss].map { "\(Self.text(loss)): \($0.count) (\($0.text))" }
    }
    return losses + outcome.removed.map { "removed \($0), which a restore that was killed had left" }
  }

  private static func text(_ loss: ExtractionReport.Loss) -> String {
    switch loss {
    case .owner: "with another owner than in the archive"
    case .privilege: "without their setuid or setgid bit, which --keep-setuid keeps"
    case .device: "devices that were not made, which --devices makes"
    case .attribute: "without their extended attributes"
    case .leftOut: "without attributes or lists that were not asked for (--privileged-attributes)"
    case .accessList: "without their access control list"
    case .link: "links to devices that were not made"
    case .madeUpDirectory: "directories that the archive does not have, with mode 0755"
    case .name: "whose user or group has no such name here, so that the number counts"
    }
  }

  private func milliseconds(from phase: TreeRestore.Phase, to next: TreeRestore.Phase) -> Int64 {
    guard let start = begins[phase], let end = begins[next] else { return 0 }
    return (end - start).nanoseconds / 1_000_000
  }

  var row: [String: JSONValue] {
    let report = outcome.report
    let losses = report.losses.map { loss, found in
      (
        loss.rawValue,
        JSONValue.object([
          "count": .integer(found.count), "examples": .array(found.examples.map { .string($0.description) }),
        ])
      )
    }
    return [
      "kind": "restored", "path": .string(target), "files": .integer(report.files),
      "directories": .integer(report.directories), "links": .integer(report.links), "others": .integer(report.others),
      "content-bytes": .integer(outcome.report.contentBytes), "written-bytes": .integer(report.writtenBytes),
      "sha256": .string(outcome.sha256.hex), "milliseconds": .integer(duration.nanoseconds / 1_000_000),
      "extracting-milliseconds": .integer(milliseconds(from: .extracting, to: .proving)),
      "proving-milliseconds": .integer(milliseconds(from: .proving, to: .syncing)),
      "losses": .object(Dictionary(uniqueKeysWithValues: losses)),
      "removed": .array(outcome.removed.map { .string($0) }),
    ]
  }
}
