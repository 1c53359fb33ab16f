internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover pause RUN`: asks the process that holds the run to stop at its next safe point.
struct PauseCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Ask a run to pause at its next safe point.",
    usage: "recover pause <run> [<options>]")

  @OptionGroup var run: RunArgument
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let found = try await FoundRun(run, global)
    let id = found.id
    try found.requireOpen()
    guard found.machine.state == .running, found.isHeld else {
      let reason = found.isHeld ? "undoing and finishing are never paused" : "no process works on it"
      throw RecoverError(
        .usage, "run \(id) can't be paused: it is \(found.machine.state.name), and \(reason)",
        hint: "recover show \(id) says what can be done")
    }
    try await found.store.request(.pause, of: id, by: ProcessEnvironment.userName, at: .now)
    return try Answer(text: global.place.placed("asked run \(id) to pause; recover show \(id) tells when it has"))
      .write(global)
  }
}

/// `recover cancel RUN`: goes back, by whoever holds the run or, if nobody does, by this process.
struct CancelCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Stop a run and undo what it did.", usage: "recover cancel <run> [<options>]")

  @OptionGroup var run: RunArgument
  @Option(help: ArgumentHelp("The database's URL again, when the password was part of it.", valueName: "url"))
  var database: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    try await TakenUp(run: run, database: database, global: global).ask(.cancel) { .cancel(by: $0) }
  }
}

/// `recover approve RUN`: lets a waiting run go on.
struct ApproveCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Let a run that waits for an approval go on.",
    usage: "recover approve <run> [<options>]")

  @OptionGroup var run: RunArgument
  @Option(help: ArgumentHelp("The hash of the plan that is approved; its beginning is enough.", valueName: "hash"))
  var expectPlan: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    try await TakenUp(run: run, database: nil, global: global, expectPlan: expectPlan)
      .ask(.approve) { .approve(by: $0) }
  }
}

/// `recover reject RUN`: makes a waiting run go back.
struct RejectCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject", abstract: "Make a run that waits for an approval go back.",
    usage: "recover reject <run> [<options>]")

  @OptionGroup var run: RunArgument
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    try await TakenUp(run: run, database: nil, global: global).ask(.reject) { .reject(by: $0) }
  }
}
