internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `release.stash`: puts changes to tracked files aside, by the object that the intent holds.
///
/// The stash is made before the intent, which changes nothing, and found again by its object id, wherever it stands in
/// the list. Untracked files stay where they are: what a deployment keeps beside its code is none of git's.
struct StashStep: Step {
  private static let message = "recover: before"

  func guardReason(_ context: StepContext) async throws -> String? {
    let work = try ReleaseWork(context)
    guard work.bindings.releases == nil else { return "the release has a directory of its own" }
    return try await work.ask { try $0.status($1) }.isClean ? "the work tree is clean" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let work = try ReleaseWork(context)
    guard context.attempt > 0, let stash = work.stash else { return .notDone }
    let (stashes, status) = try await work.ask { (try $0.stashes($1), try $0.status($1)) }
    switch (stashes.contains(stash.stash), status.isClean) {
    case (true, true): return .done(evidence(stash))
    case (false, false): return .notDone
    case (true, false), (false, true): return .partial("the stash was under way")
    }
  }

  func observe(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    guard work.bindings.mayStash else {
      throw RecoverError(
        .drifted, "\(work.bindings.repository) has changes that the inspection did not see", hint: "plan again")
    }
    guard let stash = try await work.repository.makeStash("\(Self.message) run \(context.run)", in: work.children)
    else {
      throw RecoverError(.drifted, "the changes of \(work.bindings.repository) are gone", hint: "plan again")
    }
    return try JSONValue(
      encoding: StashSnapshot(stash: stash, trees: try await work.ask { try $0.trees(ofStash: stash, $1) }))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    let stash = try (context.snapshot ?? .null).decoded(as: StashSnapshot.self)
    try await work.freeLocks()
    let (stashes, status) = try await work.ask { (try $0.stashes($1), try $0.status($1)) }
    // Whoever goes on editing must not lose what is not in the stash.
    var kept: String?
    if !status.isClean, try await !work.hasSameChanges(as: stash) {
      guard context.attempt > 1 else {
        throw RecoverError(
          .drifted, "\(work.bindings.repository) changed while its changes were put aside", hint: "plan again")
      }
      kept = try await work.stashForeignChanges()
    }
    if !stashes.contains(stash.stash) {
      try await work.repository.storeStash(
        stash.stash, "\(Self.message) run \(context.run)", in: work.children)
    }
    context.reporter.reach(Self.crashPoints[0])
    try await work.repository.discardChanges(in: work.children)
    var evidence: [String: JSONValue] = ["stash": .string(stash.stash)]
    if let kept { evidence["kept"] = .string(String(kept.prefix(12))) }
    return .object(evidence)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let status = try await ReleaseWork(context).ask { try $0.status($1) }
    return status.isClean ? .holds : .fails("still changed: \(status.changesText)")
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context, isUndo: true)
    guard let stash = work.stash else { return .null }
    var evidence = try await work.place.goBack()
    try await work.repository.dropStash(stash.stash, in: work.children)
    evidence["stashBack"] = .string(String(stash.stash.prefix(12)))
    return .object(evidence)
  }

  private func evidence(_ stash: StashSnapshot) -> JSONValue { ["stash": .string(stash.stash)] }

  static let crashPoints = ["stored"]
}
