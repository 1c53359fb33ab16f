internal import ArgumentParser
internal import RecoverBase
internal import RecoverSteps

/// `recover rollback [--to REV] [DEPLOYMENT]`: goes back to a release that worked.
struct RollbackCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Go back to a release that worked, and prove that it does again.",
    usage: "recover rollback [<deployment>] [--to <rev>] [<options>]",
    discussion: """
      Examples:
        recover releases                      what was deployed, what was healthy
        recover rollback --plan               what would happen; changes nothing
        recover rollback --yes                to the last verified release
        recover rollback --to v1.4.2 --yes    to another one
        recover rollback --to HEAD~1 --confirm app   to one never verified

      Without --to it goes to the last release that a run verified healthy: not to
      the one that is deployed, nor to one that was rolled back from. The release
      is built while the one of before still serves; services stop only then. If
      anything fails, the commit, branch and stash of before come back, are built
      and deployed again, and have to be as healthy as they were (exit status 3).
      No branch is ever moved: HEAD is detached.
      """)

  @OptionGroup var release: ReleaseOptions
  @OptionGroup var action: ActionOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let request = ReleaseRequest(
      purpose: .rollback, deployment: release.deployment, revision: release.to, mayStash: release.stash)
    return try await ReleaseRun(request: request, action: action, global: global).perform()
  }
}

/// What a rollback and a deployment are told.
struct ReleaseOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The deployment's name in the policy, where it has several.", valueName: "deployment"))
  var deployment: String?

  @Option(help: ArgumentHelp("The revision: a commit, a tag, a branch (gitrevisions(7)).", valueName: "rev"))
  var to: String?

  @Flag(help: "Put uncommitted changes of tracked files aside; they come back if the run goes back.")
  var stash = false
}
