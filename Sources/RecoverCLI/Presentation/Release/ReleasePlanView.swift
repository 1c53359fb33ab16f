internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// The plan of a rollback or a deployment as a person reads it: pure.
struct ReleasePlanView {
  let bindings: ReleaseBindings
  let purpose: String

  /// What the plan is about, each with a heading; a heading is empty where the one above goes on.
  var facts: [(String, String)] {
    var facts = [
      ("release", described(bindings.release) + (bindings.wasVerified ? ", verified before" : neverVerified))
    ]
    if let before = bindings.before {
      let branch = before.branch.map { " on branch \($0)" } ?? (bindings.releases == nil ? ", HEAD detached" : "")
      facts.append(("before", described(before.commit) + branch))
    } else {
      facts.append(("before", "nothing is deployed yet: a failure has nothing to go back to"))
    }
    if let deployed = bindings.deployed {
      facts.append(("deployed", described(deployed) + ", by the journal"))
      facts.append(("", "what is checked out came since, by hand: a failure deploys \(deployed.short) again"))
    }
    facts.append(("where", place))
    if let compatible = bindings.compatible { facts.append(("asks", "`\(CommandText.of(compatible))`")) }
    if let build = bindings.build {
      facts.append(("build", "`\(CommandText.of(build))`, at most \(bindings.buildTimeout.text)"))
    }
    facts.append(("deploy", "`\(CommandText.of(bindings.deploy))`, at most \(bindings.deployTimeout.text)"))
    facts += PlanView.listed("services", bindings.services, PlanView.text)
    facts += PlanView.listed("health", bindings.health) { "\($0.name): \(PlanView.text($0.policy))" }
    if bindings.health.isEmpty { facts.append(("health", "no check is named: the release will not count as verified")) }
    if let serving = bindings.serving, serving.id != bindings.release.id {
      facts.append(("after", "recover deploy \(bindings.name) --to \(serving.short) brings back what was there before"))
    }
    return facts
  }

  private var neverVerified: String {
    purpose == ReleaseRequest.Purpose.rollback.rawValue ? ", NEVER VERIFIED healthy here" : ", new here"
  }

  private var place: String {
    guard bindings.releases != nil else { return "\(bindings.repository), checked out with HEAD detached" }
    return "\(bindings.directory(of: bindings.release)), and \(bindings.currentLink ?? "") leads to it"
  }

  private func described(_ commit: GitCommit) -> String { "\(commit.short) (\(commit.subject)), of \(commit.time)" }

  /// What the inspection found.
  static func text(_ report: ReleaseReport) -> String {
    var lines = ["", "\(report.release) is there" + way(report)]
    if report.stashed > 0 {
      lines.append("\(report.stashed) changed file\(report.stashed == 1 ? "" : "s") will be put aside in a stash")
    }
    for warning in report.warnings { lines.append("note: \(warning)") }
    return lines.map { TerminalText.safe($0) }.joined(separator: "\n")
  }

  private static func way(_ report: ReleaseReport) -> String {
    let parts = [
      report.commitsAhead > 0 ? "\(report.commitsAhead) commit\(report.commitsAhead == 1 ? "" : "s") more" : nil,
      report.commitsBehind > 0 ? "\(report.commitsBehind) commit\(report.commitsBehind == 1 ? "" : "s") less" : nil,
    ].compactMap(\.self)
    return parts.isEmpty ? "" : ": \(parts.joined(separator: ", ")) than now"
  }
}
