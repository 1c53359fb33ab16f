internal import ArgumentParser
internal import RecoverBase
internal import RecoverSteps

/// `recover deploy [--to REV] [DEPLOYMENT]`: deploys a release, and goes back by itself when it is not healthy.
struct DeployCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Deploy a release, prove it healthy, go back by itself when it is not.",
    usage: "recover deploy [<deployment>] [--to <rev>] [<options>]",
    discussion: """
      Examples:
        recover deploy --plan                 what would happen (fetches, no more)
        recover deploy --yes                  the newest of what is tracked
        recover deploy --to v1.5.0 --yes      a certain one
        recover deploy --to abc123 --again --yes   the same release once more

      Without --to it deploys what the policy says (track), or what the branch
      follows, or the default branch of the remote, or what is checked out. New
      revisions are fetched first. What passes its health checks counts as
      verified from then on: `recover rollback` goes back to it.
      """)

  @OptionGroup var release: ReleaseOptions

  @Flag(help: "Take what is here already: fetch nothing.")
  var noFetch = false

  @Flag(help: "Build and deploy the release also where it is deployed already.")
  var again = false

  @OptionGroup var action: ActionOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let request = ReleaseRequest(
      purpose: .deploy, deployment: release.deployment, revision: release.to, mayStash: release.stash, again: again)
    return try await ReleaseRun(request: request, fetches: !noFetch, action: action, global: global).perform()
  }
}
