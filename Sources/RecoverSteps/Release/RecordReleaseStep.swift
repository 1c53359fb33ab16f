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
    let removed = await removeOld(work)
    if !removed.isEmpty { evidence["releasesRemoved"] = .array(removed.map { .string($0) }) }
    return .object(evidence)
  }

  /// The checks that passed in this run; none where the policy names none.
  private static func passedChecks(_ context: StepContext) -> [String] {
    context.plan.steps.filter { $0.uses == "health.check" }.flatMap { step in
      (context.outputs[step.id]?["healthy"]?.array ?? []).compactMap(\.string)
    }
  }

  /// Removes the oldest directories beyond the policy's `keep`, never one that serves or served just now.
  ///
  /// What can't be removed stays: the release is as good.
  private func removeOld(_ work: ReleaseWork) async -> [String] {
    guard let releases = work.bindings.releases else { return [] }
    let kept = [work.bindings.release.short, work.bindings.before?.link ?? ""]
    let others = GitRepository.worktrees(in: releases).filter { !kept.contains($0) }
    var removed: [String] = []
    for name in others.dropLast(max(0, work.bindings.keep - kept.count)) {
      guard (try? await work.repository.removeWorktree("\(releases)/\(name)", in: work.children)) != nil else {
        continue
      }
      removed.append(name)
    }
    return removed
  }
}
