internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.overlay`: copies into what was extracted all that the live directories have and the archive lacks.
///
/// The live files are only read. What is copied is entered into a second record of the extraction, which is proved
/// instead of the first. One that died begins again, and removes what it had copied.
struct OverlayFilesStep: Step {
  let drivers: StepDrivers
  static let crashPoints = ["copied", "recorded"]

  var isInterruptible: Bool { true }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let work = try FilesWork(context, drivers)
    guard let bytes = try? RunDirectory.read("\(work.keep)/\(TreeKeep.overlaid)") else { return .notDone }
    return .done(try JSONValue.decode(JSONValue.self, from: bytes))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let entries = try context.evidence(of: "files.inspect", as: FilesReport.self)
    let reporter = context.reporter
    return try await BlockingThread.run("recover-overlay") { interruption in
      try work.checkHome()
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else {
        throw RecoverError(.drifted, "\(work.keep) is not there any more: somebody removed what was extracted")
      }
      for name in [TreeKeep.overlaid, TreeKeep.merged] { try keep.removeFile(name) }
      var extraction = try TreeExtraction.saved(in: keep, as: TreeKeep.record)
      let since = WallTime.now.microseconds / 1_000_000
      let remainder = try work.remainder(beside: try RestoredNames(of: &extraction))
      let merged = work.merged(entries.entries)
      let before = try merged.map { try remainder.fingerprint($0.top, interruption).fingerprint }
      let made = try TreeOverlay.add(
        remainder, merged.map(\.top), to: try work.extractedRoot(in: keep), &extraction, scratch: keep.path,
        interruption
      ) { reporter.progress(Progress(doneBytes: $0, totalBytes: entries.kept?.bytes, detail: "copying what stays")) }
      var fingerprints: [String: TreeFingerprint] = [:]
      for (index, (name, top)) in merged.enumerated() {
        let after = try remainder.fingerprint(top, since: since, interruption)
        guard after.fingerprint == before[index] else { throw FilesWork.changed(work.bindings.target, after.changed) }
        fingerprints[name] = after.fingerprint
      }
      reporter.reach("copied")
      try extraction.save(in: keep, as: TreeKeep.merged)
      reporter.progress(Progress(doneBytes: 0, detail: "writing to the disk", isMeasured: false))
      try keep.sync()
      reporter.reach("recorded")
      let evidence = try JSONValue(encoding: OverlayEvidence(made, fingerprints, since: since))
      try keep.write(try evidence.canonicalBytes(), to: TreeKeep.overlaid)
      return evidence
    }
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let work = try FilesWork(context, drivers)
    return try [TreeKeep.overlaid, TreeKeep.merged].contains { try FileKind.at("\(work.keep)/\($0)") != nil }
      ? .present : .absent
  }

  /// What was copied is in what was extracted, and goes with it.
  func undo(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    return try await BlockingThread.run("recover-overlay") { _ in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else { return [:] }
      for name in [TreeKeep.overlaid, TreeKeep.merged] { try keep.removeFile(name) }
      return [:]
    }
  }
}

/// What was copied, and how the live files were then.
struct OverlayEvidence: Codable {
  var keptFiles: Int64
  var keptDirectories: Int64
  var keptOthers: Int64
  var keptBytes: Int64
  /// Of the files, how many share their blocks with the live ones.
  var sharedFiles: Int64
  var sockets: Int64
  /// By the names that are exchanged.
  var fingerprints: [String: TreeFingerprint]
  /// When the copying began, in seconds since 1970.
  var since: Int64

  init(_ made: TreeOverlay.Report, _ fingerprints: [String: TreeFingerprint], since: Int64) {
    keptFiles = made.files
    keptDirectories = made.directories
    keptOthers = made.others
    keptBytes = made.contentBytes
    sharedFiles = made.sharedFiles
    sockets = made.sockets
    self.fingerprints = fingerprints
    self.since = since
  }
}
