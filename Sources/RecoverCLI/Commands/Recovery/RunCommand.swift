internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover run PROCEDURE`: runs a procedure of the team's own.
struct RunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a procedure of your own, written in the policy directory.",
    usage: "recover run <procedure> [<options>]",
    discussion: """
      Example, policies/flush.yaml:
        procedure: flush
        steps:
          - {id: flush, uses: shell, with: {run: "redis-cli FLUSHALL"}}
      then: recover run flush --yes
      """)

  @Argument(help: ArgumentHelp("The procedure's name.", valueName: "procedure"))
  var procedure: String

  @OptionGroup var action: ActionOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let policies = try composition.policies(global)
    let steps = try policies.procedure(named: procedure)
    guard !steps.steps.contains(where: { $0.uses.hasPrefix("files.") }) else {
      throw RecoverError(
        .usage, "procedure \(procedure) restores files: it needs an archive",
        hint: "recover files --from ARCHIVE --to DIR")
    }
    guard !steps.steps.contains(where: { $0.uses.hasPrefix("database.") }) else {
      throw RecoverError(
        .usage, "procedure \(procedure) restores a database: it needs a backup",
        hint: "recover db --from BACKUP --database NAME")
    }
    guard !steps.steps.contains(where: { $0.uses.hasPrefix("release.") }) else {
      throw RecoverError(
        .usage, "procedure \(procedure) deploys a release: it needs a deployment of the policy",
        hint: "recover rollback or recover deploy")
    }
    let plan = try CustomPlanner(policy: policies.policy).plan(steps, host: composition.identity.host)
    return try await PlannedRun(composition: composition, global: global, action: action)
      .confirmAndPerform(plan, drivers: composition.drivers())
  }
}
