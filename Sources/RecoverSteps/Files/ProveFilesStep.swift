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
    let reporter = context.reporter
    return try await BlockingThread.run("recover-prove") { interruption in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else {
        throw RecoverError(.drifted, "\(work.keep) is not there any more: somebody removed what was extracted")
      }
      var extraction = try TreeExtraction.saved(in: keep, as: TreeKeep.record)
      let root = try work.extractedRoot(in: keep)
      try TreeStaging.prove(&extraction, in: root, interruption) {
        reporter.progress(Progress(doneBytes: $0, totalBytes: staged.writtenBytes, detail: "reading back"))
      }
      return ["proved": .integer(staged.files), "contentBytes": .integer(staged.contentBytes)]
    }
  }
}
