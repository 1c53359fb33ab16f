internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `release.build`: runs the policy's build command on what is checked out, while the release of before still serves.
///
/// A build that was begun is run again when its runner died, which builds have to stand.
struct BuildStep: Step {
  var isInterruptible: Bool { true }

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(ReleaseBindings.self).build == nil ? "the policy has no build command" : nil
  }

  /// A directory of a release's own that is built stays built.
  func probe(_ context: StepContext) async throws -> ProbeResult {
    let work = try ReleaseWork(context)
    if work.bindings.releases != nil, unsafe access(try await DirectoryPlace(work: work).builtMark(), F_OK) == 0 {
      return .done(["keptBuild": .string(work.bindings.release.short)])
    }
    return context.attempt == 0 ? .notDone : .partial("the build was under way")
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    guard let build = work.bindings.build else { return .null }
    context.reporter.progress(
      Progress(doneBytes: 0, detail: "building \(work.bindings.release.short)", isMeasured: false))
    try await work.run(
      build, "the build", kind: .build, for: work.bindings.release, replacing: work.bindings.serving,
      timeout: work.bindings.buildTimeout)
    if work.bindings.releases != nil {
      let mark = try await DirectoryPlace(work: work).builtMark()
      try RunDirectory.write(Array("\(context.run)\n".utf8), to: mark)
    }
    return ["built": .string(work.bindings.release.short)]
  }

  /// Builds the release of before again; where it had been replaced, the undo of `release.deploy` did so.
  func undo(_ context: StepContext) async throws -> JSONValue {
    guard !context.wasIntended("release.deploy") else { return .null }
    return .object(try await ReleaseWork(context, isUndo: true).bringBack(redeploys: false))
  }
}
