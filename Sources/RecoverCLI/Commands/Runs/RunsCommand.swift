internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover runs`: what ran, newest last.
struct RunsCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs, and which of them are still open.",
    usage: "recover runs [--open] [<options>]")

  @OptionGroup var global: GlobalOptions
  @Flag(help: "Only runs that claim their target.")
  var open = false

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    guard let store = try composition.existingStore() else {
      return try Answer(text: "no runs in \(composition.stateDirectory)").write(global)
    }
    let leases = try await store.leases()
    let runs = try await store.runs(of: nil).filter { !open || !$0.isTerminal }
    guard !runs.isEmpty else {
      return try Answer(text: "no \(open ? "open " : "")runs in \(composition.stateDirectory)").write(global)
    }
    var table = TextTable(headings: ["RUN", "PROCEDURE", "TARGET", "STATE", "STARTED", "PLAN"])
    for run in runs {
      table.add([
        run.run.text, run.procedure, run.target.name, composition.state(of: run, leases), run.createdAt.description,
        run.planHash.short,
      ])
    }
    return try Answer(text: table.text, rows: runs.map { RunView.row($0, state: composition.state(of: $0, leases)) })
      .write(global)
  }
}
