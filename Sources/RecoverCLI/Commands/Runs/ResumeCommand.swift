internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// `recover resume RUN`: goes on after a crash, a pause or an operator's repair.
struct ResumeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run that crashed, paused or needs an operator.",
    usage: "recover resume <run> [<options>]",
    discussion: """
      Steps that are recorded as done are not done again; one that was under way
      is probed first.
      """)

  @OptionGroup var run: RunArgument
  @Option(help: ArgumentHelp("The database's URL again, when the password was part of it.", valueName: "url"))
  var database: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    try await TakenUp(run: run, database: database, global: global).perform { .resume(by: $0) }
  }
}

/// `recover compensate RUN`: goes back, after an operator looked.
struct CompensateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "compensate", abstract: "Undo what a run that needs an operator has done.",
    usage: "recover compensate <run> [<options>]")

  @OptionGroup var run: RunArgument
  @Option(help: ArgumentHelp("The database's URL again, when the password was part of it.", valueName: "url"))
  var database: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    try await TakenUp(run: run, database: database, global: global).perform { .compensate(by: $0) }
  }
}

/// `recover abandon RUN`: ends a run as it stands; what it left is the operator's.
struct AbandonCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "abandon", abstract: "Give a run up as it stands; nothing is undone.",
    usage: "recover abandon <run> [--confirm <run>] [<options>]")

  @OptionGroup var run: RunArgument
  @Option(help: ArgumentHelp("The run's whole name again, to confirm.", valueName: "run"))
  var confirm: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let found = try await FoundRun(run, global)
    let (id, plan) = (found.id, found.machine.plan)
    try found.requireOpen()
    for debt in Debt.open(in: found.machine) { ErrorOutput.write("owed: \(debt.text)") }
    let typed =
      try confirm
      ?? Question.ask(
        "type \(id) to abandon the run as it stands: ", global, otherwise: "confirm with --confirm \(id)")
    guard typed == id.text else {
      throw RecoverError(.notConfirmed, "run \(id) was not abandoned", hint: "confirm with --confirm \(id)")
    }
    let machine = try await found.composition
      .runner(for: plan, in: found.store, drivers: found.composition.drivers())
      .perform(id, .abandon(by: ProcessEnvironment.userName))
    await SpoolKeeper(found.composition).sweep(plan)
    for line in RunView.debts(machine) { ErrorOutput.write(TerminalText.safe(line)) }
    if global.json {
      StandardOutput.write(try RunView.summary(run: id, machine: machine, place: global.place))
    } else {
      StandardOutput.write(RunView.lastLine(run: id, machine: machine, place: global.place))
    }
    return .success
  }
}
