internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverPolicy
internal import RecoverSteps

/// `recover services [NAME...]`: how the policy's services are, and what they logged last.
struct ServicesCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "services", abstract: "Say how the policy's services are: exit status 0 when all run, else 5.",
    usage: "recover services [<service> ...] [--logs <lines>] [<options>]",
    discussion: """
      Examples:
        recover services                      all of them
        recover services app --logs 50        one, and what it logged last

      Changes nothing. Logs come from Compose, from the journal of systemd, or from
      the log file of a process; a service behind commands has none here.
      """)

  @Argument(help: ArgumentHelp("The services, as the policy names them; all unless given.", valueName: "service"))
  var names: [String] = []

  @Option(help: ArgumentHelp("How many lines of each service's log are shown.", valueName: "lines"))
  var logs = 0

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let policy = try composition.policies(global).policy
    guard (0...10_000).contains(logs) else {
      throw RecoverError(.usage, "--logs \(logs) is no number of lines", hint: "give a number from 0 to 10000")
    }
    guard !policy.services.isEmpty else {
      throw RecoverError(
        .usage, "the policy has no services",
        hint: "describe one in the policy: services: {NAME: {compose: {file: docker-compose.yml, service: NAME}}}")
    }
    let outcomes = try await HealthLog.with { log in
      try await ServicesLook(names, in: policy, drivers: composition.drivers(), logFile: log).look(logLines: logs)
    }
    return try ServicesView.answer(outcomes).write(global)
  }
}
