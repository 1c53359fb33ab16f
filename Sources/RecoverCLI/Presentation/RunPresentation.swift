internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// Performs a run in this process while people watch: progress, signals, the last line, the exit status.
struct RunPresentation {
  let composition: Composition
  let store: SQLiteStore
  let global: GlobalOptions

  /// Checks what can be checked before a run is journaled: the environment's word on fault injection.
  func check(_ plan: Plan, drivers: StepDrivers) throws {
    _ = try composition.runner(for: plan, in: store, drivers: drivers)
  }

  /// Performs the run.
  ///
  /// - Parameter found: the run as its journal tells it; nil for one that was made just now.
  /// - Returns: the exit status; what ended the run, or stopped its runner, was said.
  func perform(
    _ run: RunID, plan: Plan, found: RunMachine? = nil, drivers: StepDrivers, _ entry: Runner.Entry
  ) async throws -> ExitStatus {
    let output = try RunOutput(
      global: global, run: run, plan: plan, found: found, directory: composition.directory(of: run))
    let control = RunControl()
    let runner = try composition.runner(for: plan, in: store, drivers: drivers, observer: output, control: control)
    let signals = SignalHandling(control: control, output: output)
    defer { signals.stop() }
    do {
      let machine = try await output.ticking { try await runner.perform(run, entry) }
      if machine.state.isTerminal { await SpoolKeeper(composition).sweep(plan) }
      try output.finish(machine, await report(run))
      return machine.exitStatus
    } catch let error as RecoverError {
      return try output.stopped(error, await report(run))
    }
  }

  /// What the run did until now, other runners' work included; nil where its journal can't be read any more.
  private func report(_ run: RunID) async -> RunReport? {
    guard let history = try? await History(of: run, in: store) else { return nil }
    return RunReport(history.machine.plan, zip(history.records, history.events))
  }
}
