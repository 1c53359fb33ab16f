package import RecoverBase
package import RecoverCore
package import RecoverEngine

/// A deployment of a release, as the journal of its run tells.
package struct RecordedRelease: Sendable, Hashable {
  package var commit: GitCommit
  package var run: RunID
  package var procedure: String
  /// When its deploy command was done; nil where that was never reached.
  package var deployedAt: WallTime?
  /// When its health checks had passed and the run was accepted.
  package var verifiedAt: WallTime?
  /// The checks that passed.
  package var health: [String]
  /// The run's state.
  package var state: RunState
  /// What it replaced.
  package var before: GitCommit?
}

/// The releases of one deployment, oldest first: the fold of the journals of its runs.
package struct ReleaseHistory: Sendable, Hashable {
  package private(set) var releases: [RecordedRelease] = []

  package init(releases: [RecordedRelease] = []) { self.releases = releases }

  /// Reads the journals of a deployment's runs, one after the other.
  package init(of name: String, target: String, in store: any RunStore) async throws {
    for run in try await store.runs(of: target) where run.target.name == name {
      let history = try await History(of: run.run, in: store)
      if let release = Self.release(history) { releases.append(release) }
    }
  }

  private static func release(_ history: History) -> RecordedRelease? {
    let machine = history.machine
    // What was refused before any effect is no deployment.
    if machine.state == .failedClean { return nil }
    guard let bindings = try? machine.plan.bindings.decoded(as: ReleaseBindings.self) else { return nil }
    var release = RecordedRelease(
      commit: bindings.release, run: history.run, procedure: machine.plan.procedure, health: [], state: machine.state,
      before: bindings.serving)
    let uses = Dictionary(machine.plan.steps.map { ($0.id, $0.uses) }, uniquingKeysWith: { first, _ in first })
    for (record, event) in zip(history.records, history.events) {
      guard case .step(let id, .succeeded(let evidence)) = event else { continue }
      switch uses[id] {
      case "release.deploy": release.deployedAt = record.wallTime
      case "release.record":
        guard evidence["verified"]?.bool == true else { continue }
        release.verifiedAt = record.wallTime
        release.health = (evidence["healthy"]?.array ?? []).compactMap(\.string)
      default: continue
      }
    }
    return release
  }
}

extension ReleaseHistory {
  /// What was deployed last and stayed, as far as the journal knows.
  package var deployed: RecordedRelease? { releases.last { $0.state == .succeeded } }

  /// Whether a commit was ever verified healthy.
  package func wasVerified(_ commit: String) -> Bool {
    releases.contains { $0.commit.id == commit && $0.verifiedAt != nil }
  }

  /// The last verified release that is not the current one, and that nobody has rolled back from since.
  ///
  /// Whoever goes back from a release that was healthy once had a reason: a second rollback goes further back, and not
  /// to where the first one came from.
  package func rollbackTarget(current: String?) -> GitCommit? {
    var left: Set<String> = []
    for release in releases.reversed() {
      if release.state == .succeeded, release.procedure == "rollback", let before = release.before {
        left.insert(before.id)
      }
      guard release.verifiedAt != nil, release.commit.id != current, !left.contains(release.commit.id) else { continue }
      return release.commit
    }
    return nil
  }
}
