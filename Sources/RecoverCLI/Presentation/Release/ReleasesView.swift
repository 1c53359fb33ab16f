internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// The releases of a deployment as a table and as JSON: pure.
struct ReleasesView {
  let name: String
  let history: ReleaseHistory
  /// What the work tree, or the link, shows.
  let current: GitCommit?

  var answer: Answer {
    let next = history.rollbackTarget(current: current?.id)
    guard !history.releases.isEmpty else {
      let here = current.map { "; \($0.short) (\($0.subject)) is checked out" } ?? ""
      return Answer(text: "no run has deployed a release of \(name) yet\(TerminalText.safe(here))", rows: [])
    }
    var table = TextTable(headings: ["", "COMMIT", "DEPLOYED", "HEALTH", "RUN", "SUBJECT"])
    let newest = history.releases.indices.reversed()
    let currentRow = newest.first { isServing(history.releases[$0]) }
    let nextRow = newest.first { history.releases[$0].commit == next && history.releases[$0].verifiedAt != nil }
    for (index, release) in history.releases.enumerated() {
      table.add([
        index == currentRow ? "*" : index == nextRow ? ">" : "", release.commit.short,
        release.deployedAt.map(\.description) ?? "never", health(release), release.run.text, release.commit.subject,
      ])
    }
    var text = table.text
    if currentRow == nil, let current {
      text += "\n\(TerminalText.safe("* \(current.short) (\(current.subject)) is checked out, and no run deployed it"))"
    }
    return Answer(text: text, rows: history.releases.enumerated().map { row($1, isCurrent: $0 == currentRow) })
  }

  private func isServing(_ release: RecordedRelease) -> Bool {
    release.state == .succeeded && release.commit.id == current?.id
  }

  private func health(_ release: RecordedRelease) -> String {
    if let time = release.verifiedAt { return "verified \(time)" }
    switch release.state {
    case .succeeded: return "not checked"
    case .rolledBack: return "failed, rolled back"
    case .failedClean: return "failed before any effect"
    case .planned, .running, .waiting, .paused, .compensating, .finalizing, .needsOperator, .abandoned:
      return release.state.name
    }
  }

  private func row(_ release: RecordedRelease, isCurrent: Bool) -> [String: JSONValue] {
    [
      "kind": "release", "deployment": .string(name), "commit": .string(release.commit.id),
      "subject": .string(release.commit.subject), "committed": .string(release.commit.time.description),
      "run": .string(release.run.text), "procedure": .string(release.procedure),
      "deployed": release.deployedAt.map { .string($0.description) } ?? .null,
      "verified": release.verifiedAt.map { .string($0.description) } ?? .null,
      "health": .array(release.health.map { .string($0) }), "state": .string(release.state.name),
      "current": .bool(isCurrent),
    ]
  }
}
