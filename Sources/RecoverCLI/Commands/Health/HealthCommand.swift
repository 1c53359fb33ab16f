internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverPolicy
internal import RecoverSteps

/// `recover health [NAME...]`: asks the policy's health checks, outside of any run.
struct HealthCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Ask the policy's health checks: exit status 0 when all pass, else 5.",
    usage: "recover health [<check> ...] [--wait] [<options>]",
    discussion: """
      Examples:
        recover health                        all of them, one look each
        recover health app-http db --wait     as a recovery asks them

      All are asked at once. One look each tells how it is now; --wait asks as
      often, as long, and for as many passes in a row as the policy says.
      """)

  @Argument(help: ArgumentHelp("The checks, as the policy names them; all unless given.", valueName: "check"))
  var names: [String] = []

  @Flag(help: "Ask as the policy says (every, within, passes), and not just once.")
  var wait = false

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let policy = try composition.policies(global).policy
    guard !policy.health.isEmpty else {
      throw RecoverError(
        .usage, "the policy has no health checks",
        hint: "describe one in the policy: health: {NAME: {http: {url: \"http://127.0.0.1:8000/health\"}}}")
    }
    let outcomes = try await HealthLog.with { log in
      try await HealthLook(names, in: policy, drivers: composition.drivers(), logFile: log).look(waits: wait)
    }
    return try HealthView.answer(outcomes).write(global)
  }
}
