internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.retire`: writes into the note of what was replaced until when it is kept.
///
/// Until then it has no end, so that nobody removes what an unfinished run may still need.
struct RetireFilesStep: Step {
  let drivers: StepDrivers

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let work = try FilesWork(context, drivers)
    guard try FileKind.at(work.keep) != nil else { return .done(["kept": 0]) }
    guard let note = TreeKeep.readNote(work.keep) else { return .unknown("\(work.keep) has no note any more") }
    return note.role == .previous && note.run == work.run.text ? .done(evidence(note, work)) : .notDone
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    return try await BlockingThread.run("recover-retire") { _ in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else { return ["kept": 0] }
      for name in [TreeKeep.record, TreeKeep.staged, TreeKeep.merged, TreeKeep.overlaid] { try keep.removeFile(name) }
      var isEmpty = true
      try DirectoryNames.forEach(in: work.trees) { _ in isEmpty = false }
      guard !isEmpty else {
        // Nothing was there before.
        try keep.remove()
        return ["kept": 0]
      }
      let note = work.note(.previous, retainFor: work.bindings.keepPrevious)
      try keep.write(note)
      return evidence(note, work)
    }
  }

  private func evidence(_ note: TreeNote, _ work: FilesWork) -> JSONValue {
    ["keptTree": .string(work.trees), "kept until": .string(note.retainUntil?.description ?? "")]
  }
}
