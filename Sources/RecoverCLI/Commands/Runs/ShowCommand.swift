internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover show RUN`: the run, its steps, what is owed, and the whole timeline.
struct ShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a run: its plan, its steps, what is owed, the timeline.")

  @OptionGroup var run: RunArgument
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let history = try await History(of: try await run.resolve(in: composition.store), in: composition.store)
    let leases = try await composition.store.leases()
    if global.json {
      for line in try RunView.jsonLines(history) { StandardOutput.write(line) }
    } else {
      StandardOutput.write(
        try RunView.text(
          history, isInterrupted: composition.isInterrupted(history.machine.state, run: history.run, leases),
          isVerbose: global.verbose))
    }
    return .success
  }
}
