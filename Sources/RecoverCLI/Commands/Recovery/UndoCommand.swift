internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover undo RUN`: swaps back what a recovery replaced, within its retention, as a run of its own.
struct UndoCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo", abstract: "Swap back what a finished run replaced, within the retention.",
    usage: "recover undo <run> [<options>]",
    discussion: """
      A run of its own: with the same services stopped and the same health
      checked, and undone when they fail. The database or the files that are
      swapped out are kept as well, so an undo can be undone.
      """)

  @OptionGroup var run: RunArgument
  @Option(help: ArgumentHelp("The database's URL again, when the password was part of it.", valueName: "url"))
  var database: String?
  @OptionGroup var action: ActionOptions
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let found = try await FoundRun(run, global)
    let (composition, history) = (found.composition, found.history)
    guard history.machine.state == .succeeded else {
      throw RecoverError(
        .usage, "run \(history.run) is \(history.machine.state.name): only one that succeeded can be undone",
        hint: history.machine.state.isTerminal
          ? "recover show \(history.run) tells what it did"
          : "recover cancel \(history.run) takes back one that is still open")
    }
    let drivers = try composition.drivers(databaseURL: database)
    let policies = try composition.policies(global)
    if FilesUndoPlanner.undoes(history.machine.plan) {
      let plan = try FilesUndoPlanner.plan(
        undoing: history.run, history.machine, procedure: try policies.procedure(named: FilesUndoPlanner.procedureName))
      return try await PlannedRun(composition: composition, global: global, action: action)
        .confirmAndPerform(plan, drivers: drivers)
    }
    let plan = try await UndoPlanner(drivers: drivers)
      .plan(
        undoing: history.run, history.machine,
        procedure: try policies.procedure(named: UndoPlanner.procedureName(undoing: history.machine.plan)))
    let remarks = action.planOnly ? [await UndoPreview.text(undoing: history.machine, drivers: drivers)] : []
    return try await PlannedRun(composition: composition, global: global, action: action, remarks: remarks)
      .confirmAndPerform(plan, drivers: drivers)
  }
}
