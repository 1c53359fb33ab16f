internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover releases [DEPLOYMENT]`: what was deployed, what was verified healthy, and by which run.
struct ReleasesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "releases", abstract: "List what was deployed, whether it was healthy, and by which run.",
    usage: "recover releases [<deployment>] [<options>]",
    discussion: """
      From the journals of `recover deploy` and `recover rollback`, oldest first.
      The one that serves now has a star; > is where `recover rollback` would go.
      """)

  @Argument(help: ArgumentHelp("The deployment's name in the policy, where it has several.", valueName: "deployment"))
  var deployment: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let planner = ReleasePlanner(policy: try composition.policies(global).policy, host: composition.identity.host)
    let (name, policy) = try planner.deployment(deployment)
    let target = try await planner.target(name, policy)
    let current = try await planner.current(policy)
    var history = ReleaseHistory()
    if let store = try composition.existingStore() {
      history = try await ReleaseHistory(of: name, target: target.key, in: store)
    }
    return try ReleasesView(name: name, history: history, current: current).answer.write(global)
  }
}
