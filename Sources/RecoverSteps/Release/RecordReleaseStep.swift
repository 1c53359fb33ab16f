internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `release.record`: journals that the release was verified healthy, and removes directories of releases that are too old.
struct RecordReleaseStep: Step {
  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    let healthy = Self.passedChecks(context)
    var evidence: [String: JSONValue] = [
      "release": .string(work.bindings.release.short), "verified": .bool(!healthy.isEmpty),
      "healthy": .array(healthy.map { .string($0) }),
    ]
    if let stash = work.stash { evidence["stashKept"] = .string(String(stash.stash.prefix(12))) }
    let (removed, kept) = await removeOld(work)
    if !removed.isEmpty { evidence["releasesRemoved"] = .array(removed.map { .string($0) }) }
    if !kept.isEmpty { evidence["releasesKept"] = .array(kept.map { .string($0) }) }
    return .object(evidence)
  }

  /// The checks that passed in this run; none where the policy names none.
  private static func passedChecks(_ context: StepContext) -> [String] {
    context.plan.steps.filter { $0.uses == "health.check" }.flatMap { step in
      (context.outputs[step.id]?["healthy"]?.array ?? []).compactMap(\.string)
    }
  }

  /// Removes the oldest directories beyond the policy's `keep`, never one that serves or served just now, nor one into
  /// which somebody put something.
  ///
  /// What can't be removed stays: the release is as good.
  ///
  /// - Returns: the names of those that are gone, and those that stay because of what is in them, each with that.
  private func removeOld(_ work: ReleaseWork) async -> (removed: [String], kept: [String]) {
    guard let releases = work.bindings.releases else { return ([], []) }
    try? await markRecorded(work)
    let spared = [work.bindings.release.short, work.bindings.before?.link ?? ""]
    let others = GitRepository.worktrees(in: releases).filter { !spared.contains($0) }
    var (removed, kept) = ([String](), [String]())
    for name in others.dropLast(max(0, work.bindings.keep - spared.count)) {
      let directory = "\(releases)/\(name)"
      do {
        let additions = try await DirectoryPlace.additions(in: directory)
        if additions.count > 0 {
          kept.append("\(name) (\(additions.text))")
        } else {
          try await work.repository.removeWorktree(directory, in: work.children)
          removed.append(name)
        }
      } catch {
        continue
      }
    }
    return (removed, kept)
  }

  /// Notes when the release was there with all that its build and its deployment make; once, or what was put there since
  /// would count as theirs.
  private func markRecorded(_ work: ReleaseWork) async throws {
    let mark = try await DirectoryPlace.recordedMark(in: work.bindings.directory(of: work.bindings.release))
    guard unsafe access(mark, F_OK) != 0 else { return }
    try RunDirectory.write(Array("\(work.context.run)\n".utf8), to: mark)
  }
}
