internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// A run that a command names, found in the state directory.
struct FoundRun {
  let composition: Composition
  let store: SQLiteStore
  let history: History
  /// Nobody works on a run whose lease is dead.
  let leases: [Lease]

  /// Finds the run and reads its journal; makes nothing.
  ///
  /// - Throws: ``RecoverError`` `usage` when there is no such run.
  init(_ run: RunArgument, _ global: GlobalOptions) async throws {
    composition = try Composition(global)
    guard let store = try composition.existingStore() else { throw Self.noRuns(in: composition.stateDirectory) }
    self.store = store
    let runs = try await store.runs(of: nil)
    guard !runs.isEmpty else { throw Self.noRuns(in: composition.stateDirectory) }
    history = try await History(of: try RunArgument.find(run.text, among: runs.map(\.run)), in: store)
    leases = try await store.leases()
  }

  private static func noRuns(in directory: String) -> RecoverError {
    RecoverError(.usage, "there are no runs in \(directory)", hint: "name another state directory with --state DIR")
  }

  var id: RunID { history.run }
  var machine: RunMachine { history.machine }

  /// Whether a living process works on it.
  var isHeld: Bool { composition.isHeld(id, leases) }

  /// Whether it is in the middle of its work with nobody working on it.
  var isInterrupted: Bool { composition.isInterrupted(machine.state, run: id, leases) }

  /// Refuses a run that has ended, with what can still be done about it.
  func requireOpen() throws {
    guard machine.state.isTerminal else { return }
    throw RecoverError(
      .usage, "run \(id) has ended: it is \(machine.state.name)",
      hint: NextCommand(run: id).afterTheEnd(of: machine))
  }
}
