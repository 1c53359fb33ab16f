internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.inspect`: whether the archive is whole and fits here, whether we may, and what is replaced.
///
/// Reads the whole archive once; nothing has stopped when it refuses.
struct FilesInspectStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let (reporter, total) = (context.reporter, work.bindings.backup.sizeBytes)
    // A preview has no run, and so no lock.
    let inspection = FilesInspection(work: work, holdsLock: context.epoch > 0, runDirectory: context.directory)
    let report = try await BlockingThread.run("recover-inspect") { interruption in
      try inspection.examine(interruption) {
        reporter.progress(Progress(doneBytes: $0, totalBytes: total, detail: "reading the archive"))
      }
    }
    if let expected = drivers.expectedNames, expected != report.namesDigest {
      throw RecoverError(
        .drifted,
        "which names are replaced, new or removed in \(work.bindings.target) is not what the expected plan showed",
        hint: "something was made or removed there since: look at it with --plan, and confirm the new one")
    }
    return try JSONValue(encoding: report)
  }
}
