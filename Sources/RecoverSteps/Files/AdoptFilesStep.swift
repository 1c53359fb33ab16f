internal import ArchiveKit
internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.adopt`: the directory in which a finished run keeps what it replaced becomes this run's own, so that its trees
/// can be exchanged back.
///
/// One rename. Its undo gives it back to the run that is undone, with the note of before.
struct AdoptFilesStep: Step {
  let drivers: StepDrivers
  static let crashPoints = ["renamed", "given-back"]

  func observe(_ context: StepContext) async throws -> JSONValue {
    let (work, undone) = try parts(context)
    return try JSONValue(encoding: AdoptSnapshot(note: TreeKeep.readNote(undone), isNew: work.isKeepMissing(undone)))
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let (work, undone) = try parts(context)
    guard try FileKind.at(work.keep) != nil else { return .notDone }
    if try FileKind.at(undone) != nil { return .unknown("\(work.keep) and \(undone) are both there") }
    guard TreeKeep.readNote(work.keep)?.run == work.run.text else {
      return .partial("\(work.keep) has no note of this run")
    }
    return .done(evidence(work))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (work, undone) = try parts(context)
    let snapshot = try (context.snapshot ?? .null).decoded(as: AdoptSnapshot.self)
    let reporter = context.reporter
    return try await BlockingThread.run("recover-adopt") { _ in
      try work.checkHome()
      if try FileKind.at(work.keep) == nil {
        if snapshot.isNew {
          let keep = try StagingDirectory(at: work.keep)
          _ = try StagingDirectory(TreeKeep.trees, in: keep)
        } else {
          try TreeExchange.rename(undone, to: work.keep)
        }
        try TreeExchange.sync([work.bindings.home])
      }
      reporter.reach("renamed")
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else {
        throw RecoverError(.drifted, "\(work.keep) is not there any more")
      }
      try keep.write(work.note(.open))
      return evidence(work)
    }
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (work, _) = try parts(context)
    return TreeKeep.readNote(work.keep)?.run == work.run.text ? .holds : .fails("\(work.keep) is not this run's")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (work, _) = try parts(context)
    return try FileKind.at(work.keep) == nil ? .absent : .present
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let (work, undone) = try parts(context)
    let snapshot = try (context.snapshot ?? .null).decoded(as: AdoptSnapshot.self)
    let reporter = context.reporter
    return try await BlockingThread.run("recover-adopt") { _ in
      guard let keep = try TreeKeep.open(work.run.text, in: work.bindings.home) else { return ["givenBack": false] }
      guard let note = snapshot.note else {
        try keep.remove()
        return ["givenBack": false]
      }
      try keep.write(note)
      try TreeExchange.rename(work.keep, to: undone)
      reporter.reach("given-back")
      try TreeExchange.sync([work.bindings.home])
      return ["givenBack": true]
    }
  }

  private func evidence(_ work: FilesWork) -> JSONValue { ["directory": .string(work.keep)] }

  private func parts(_ context: StepContext) throws -> (FilesWork, undone: String) {
    let work = try FilesWork(context, drivers)
    guard let run = work.bindings.undoes else {
      throw RecoverError(.policyInvalid, "step \(context.step.id) is for an undo, and the plan undoes nothing")
    }
    return (work, TreeKeep.path(of: run, in: work.bindings.home))
  }
}

/// What the undone run's directory was like.
private struct AdoptSnapshot: Codable {
  var note: TreeNote?
  /// There is none, since nothing was there before that run.
  var isNew: Bool
}

extension FilesWork {
  fileprivate func isKeepMissing(_ path: String) throws -> Bool { try FileKind.at(path) == nil }
}
