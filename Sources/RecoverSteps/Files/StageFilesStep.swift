internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.stage`: extracts the archive into a directory of the run's own beside what it will replace.
///
/// Each file has its owner, mode, times and attributes as soon as it is there, by its descriptor; directories at the
/// end. A run that died here begins again with an empty directory. Its undo removes the directory; once a swap was
/// intended, what is left in it is kept under the retention instead.
struct StageFilesStep: Step {
  let drivers: StepDrivers
  static let crashPoints = ["made", "extracted", "synced", "emptied"]

  var isInterruptible: Bool { true }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let work = try FilesWork(context, drivers)
    return try await BlockingThread.run("recover-stage") { _ in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else { return .notDone }
      let path = keep.path
      guard let staged = try? RunDirectory.read("\(path)/\(TreeKeep.staged)") else {
        return .partial("\(path) is half made")
      }
      return .done(try JSONValue.decode(JSONValue.self, from: staged))
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let report = try context.evidence(of: "files.inspect", as: FilesReport.self)
    let (reporter, total) = (context.reporter, work.bindings.backup.sizeBytes)
    return try await BlockingThread.run("recover-stage") { interruption in
      try work.checkHome()
      let file = try work.archive()
      let keep = try Self.emptied(work, reporter)
      reporter.reach("made")
      let trees = try StagingDirectory(TreeKeep.trees, in: keep)
      let extraction: TreeExtraction
      if work.bindings.scope == .whole {
        let own = try StagingDirectory(work.bindings.name, in: trees)
        extraction = try work.staging(file).extract(into: own, interruption) { done in
          reporter.progress(Progress(doneBytes: done, totalBytes: total, detail: "extracting"))
        }
        if extraction.isRootMadeUp { try own.become(like: work.bindings.target, owner: work.bindings.keepsOwnerOfRoot) }
      } else {
        extraction = try work.staging(file).extract(into: trees, interruption) { done in
          reporter.progress(Progress(doneBytes: done, totalBytes: total, detail: "extracting"))
        }
      }
      guard extraction.archiveDigest == report.sha256 else {
        throw RecoverError(
          .drifted, "\(file.path) is not the archive that was inspected: its content was changed since",
          hint: "look at it, and plan again")
      }
      reporter.reach("extracted")
      return try Self.finish(extraction, keep, work, reporter)
    }
  }

  /// The run's own directory, new or emptied of what a dead runner left.
  private static func emptied(_ work: FilesWork, _ reporter: any StepReporter) throws -> StagingDirectory {
    if let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) {
      try keep.removeFile(TreeKeep.staged)
      try keep.removeDirectory(TreeKeep.trees)
      reporter.reach("emptied")
      try keep.write(work.note(.open))
      return keep
    }
    let keep = try StagingDirectory(at: work.keep)
    try keep.write(work.note(.open))
    return keep
  }

  private static func finish(
    _ extraction: consuming TreeExtraction, _ keep: borrowing StagingDirectory, _ work: FilesWork,
    _ reporter: any StepReporter
  ) throws -> JSONValue {
    let made = extraction.report
    let evidence = try JSONValue(
      encoding: StageEvidence(
        directory: work.keep, files: made.files, directories: made.directories, links: made.links,
        contentBytes: made.contentBytes, writtenBytes: made.writtenBytes, losses: FilesReport.Loss.all(of: made)))
    try extraction.save(in: keep, as: TreeKeep.record)
    reporter.progress(Progress(doneBytes: 0, detail: "writing to the disk", isMeasured: false))
    try keep.sync()
    reporter.reach("synced")
    try keep.write(try evidence.canonicalBytes(), to: TreeKeep.staged)
    return evidence
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let work = try FilesWork(context, drivers)
    return TreeKeep.readNote(work.keep)?.role == .failed
      ? .absent : try FileKind.at(work.keep) == nil ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    // Somebody may have written to it while it was live.
    let wasLive = context.wasIntended("files.swap")
    return try await BlockingThread.run("recover-stage") { _ in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else { return ["dropped": false] }
      guard wasLive else {
        try keep.remove()
        return ["dropped": true]
      }
      let note = work.note(.failed, retainFor: work.bindings.keepFailed)
      try keep.removeFile(TreeKeep.record)
      try keep.write(note)
      return ["failedTree": .string(work.trees), "kept until": .string(note.retainUntil?.description ?? "")]
    }
  }
}

/// What was extracted.
struct StageEvidence: Codable {
  var directory: String
  var files: Int64
  var directories: Int64
  var links: Int64
  var contentBytes: Int64
  var writtenBytes: Int64
  var losses: [FilesReport.Loss]
}
