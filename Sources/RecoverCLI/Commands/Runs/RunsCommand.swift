internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover runs`: what ran, newest last.
struct RunsCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs, and which of them are still open.")

  @OptionGroup var global: GlobalOptions
  @Flag(help: "Only runs that claim their target.")
  var open = false

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let leases = try await composition.store.leases()
    let runs = try await composition.store.runs(of: nil).filter { !open || !$0.isTerminal }
    if global.json {
      for run in runs { StandardOutput.write(try RunView.json(run, state: composition.state(of: run, leases))) }
      return .success
    }
    guard !runs.isEmpty else {
      StandardOutput.write("no runs in \(composition.stateDirectory)")
      return .success
    }
    var table = TextTable(headings: ["RUN", "PROCEDURE", "TARGET", "STATE", "STARTED", "PLAN"])
    for run in runs {
      table.add([
        run.run.text, run.procedure, run.target.name, composition.state(of: run, leases), run.createdAt.description,
        run.planHash.short,
      ])
    }
    StandardOutput.write(table.text)
    return .success
  }
}
