internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.inspect-undo`: whether what a finished run replaced is still there and can be exchanged back.
struct InspectFilesUndoStep: Step {
  let drivers: StepDrivers

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let holdsLock = context.epoch > 0
    return try await BlockingThread.run("recover-inspect") { _ in
      try work.checkHome()
      try work.refuseOtherRuns()
      if !holdsLock { try TreeLock.requireFree(work.bindings.home) }
      let entries = try Self.entries(work)
      return try JSONValue(encoding: FilesUndoReport(entries: entries, notes: try Self.checkOrder(work)))
    }
  }

  /// Whether what the run brought is still live: undoing it would else take out what came later.
  ///
  /// - Returns: what to say where somebody has replaced it by hand, since nothing else can be undone first.
  /// - Throws: ``RecoverError`` `drifted` where another run has.
  private static func checkOrder(_ work: FilesWork) throws -> [String]? {
    guard let brought = work.bindings.brought, let names = work.bindings.undone else { return nil }
    let (home, run) = (work.bindings.home, work.bindings.undoes ?? "")
    let others = TreeKeep.all(in: home).filter { $0.note.run != run && $0.note.run != work.run.text }
    var notes: [String] = []
    for (name, before) in zip(names, brought) where try TreeExchange.identity("\(home)/\(name)") != before {
      let later = try others.first { other in
        guard let before else { return false }
        return try TreeExchange.identity("\(other.path)/\(TreeKeep.trees)/\(name)") == before
      }
      guard let later else {
        notes.append(
          "\(home)/\(name) is not what run \(run) left there: somebody replaced it since, and it is taken out")
        continue
      }
      throw RecoverError(
        .drifted,
        "run \(later.note.run) has replaced \(home)/\(name) since run \(run): undoing that one first would take out what "
          + "the later one brought",
        hint: "recover undo \(later.note.run) first")
    }
    return notes.isEmpty ? nil : notes
  }

  private static func entries(_ work: FilesWork) throws -> [FilesUndoReport.Entry] {
    let (home, run) = (work.bindings.home, work.bindings.undoes ?? "")
    let kept = TreeKeep.path(of: run, in: home)
    let note = TreeKeep.readNote(kept)
    return try (work.bindings.undone ?? []).map { name in
      let before = try FileKind.at("\(kept)/\(TreeKeep.trees)/\(name)")
      let live = try FileKind.at("\(home)/\(name)")
      // What the run brought has nothing that it replaced.
      guard before == nil || note?.run == run && note?.role == .previous else {
        throw RecoverError(
          .drifted, "\(kept) is not what run \(run) left behind", hint: "recover cleanup lists what recoveries keep")
      }
      let wasThere = work.bindings.replaced?.contains(name) ?? true
      guard before != nil || !wasThere else {
        throw RecoverError(
          .drifted,
          "the \(name) that run \(run) replaced is not there any more: it was \(kept)/\(TreeKeep.trees)/\(name)",
          hint: "recover runs tells whether a later undo exchanged it back; where it was removed, restore a backup")
      }
      if live != nil { try TreeExchange.refuseMountPoint("\(home)/\(name)") }
      return FilesUndoReport.Entry(name: name, live: live?.text, before: before?.text)
    }
  }
}

/// What the undo of a restore of files brings back.
package struct FilesUndoReport: Sendable, Hashable, Codable {
  package struct Entry: Sendable, Hashable, Codable {
    package var name: String
    /// What it is now, and what it was before; nil where nothing is there.
    package var live: String?
    package var before: String?
  }

  package var entries: [Entry]
  package var notes: [String]?
}
