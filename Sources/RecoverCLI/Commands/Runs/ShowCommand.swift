internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover show RUN`: the run, its steps, what is owed, and the whole timeline.
struct ShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a run: its plan, its steps, what is owed, the timeline.",
    usage: "recover show <run> [<options>]")

  @OptionGroup var run: RunArgument
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let found = try await FoundRun(run, global)
    if global.json {
      for line in try RunView.jsonLines(found.history, place: global.place) { StandardOutput.write(line) }
    } else {
      StandardOutput.write(
        try RunView.text(
          found.history, isInterrupted: found.isInterrupted, isVerbose: global.verbose, place: global.place))
    }
    return .success
  }
}
