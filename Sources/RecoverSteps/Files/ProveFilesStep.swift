internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.prove`: reads back all that was extracted, and holds content, owners, modes, times, attributes and links
/// against what the archive says.
struct ProveFilesStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let staged = try context.evidence(of: "files.stage", as: StageEvidence.self)
    let kept = work.overlays ? try context.evidence(of: "files.overlay", as: OverlayEvidence.self) : nil
    let totalBytes = staged.writtenBytes + (kept?.keptBytes ?? 0)
    let reporter = context.reporter
    return try await BlockingThread.run("recover-prove") { interruption in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else {
        throw RecoverError(.drifted, "\(work.keep) is not there any more: somebody removed what was extracted")
      }
      var extraction = try TreeExtraction.saved(in: keep, as: kept == nil ? TreeKeep.record : TreeKeep.merged)
      let root = try work.extractedRoot(in: keep)
      try TreeStaging.prove(&extraction, in: root, interruption) {
        reporter.progress(Progress(doneBytes: $0, totalBytes: totalBytes, detail: "reading back"))
      }
      return [
        "proved": .integer(staged.files + (kept?.keptFiles ?? 0)),
        "contentBytes": .integer(staged.contentBytes + (kept?.keptBytes ?? 0)),
      ]
    }
  }
}
