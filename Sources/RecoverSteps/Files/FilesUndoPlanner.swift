internal import ArchiveKit
internal import RecoverBase
package import RecoverCore

/// Plans the undo of a finished restore of files: the same exchange, with what was live before in the place of what was
/// extracted.
package enum FilesUndoPlanner {
  package static let procedureName = "undo-files"

  /// Whether a run is one that this undoes.
  package static func undoes(_ plan: Plan) -> Bool { plan.steps.contains { $0.uses == "files.swap" } }

  /// - Throws: ``RecoverError`` `usage` when the run replaced nothing, `drifted` when the directory is gone.
  package static func plan(undoing run: RunID, _ machine: RunMachine, procedure: Procedure) throws -> Plan {
    let undone = machine.plan
    var bindings = try undone.bindings.decoded(as: FilesBindings.self)
    let step = undone.steps.firstIndex { $0.uses == "files.swap" }
    let snapshot = try step.flatMap { try machine.steps[$0].snapshot?.decoded(as: FilesSwapSnapshot.self) }
    guard let items = snapshot?.items else {
      throw RecoverError(.journal, "the run's journal does not say which names it exchanged")
    }
    bindings.undoes = run.text
    bindings.undone = items.map(\.name)
    bindings.brought = items.map(\.entering)
    bindings.replaced = items.filter { $0.live != nil }.map(\.name)
    guard let identity = try TreeExchange.identity(bindings.home) else {
      throw RecoverError(.drifted, "\(bindings.home) is not there any more")
    }
    bindings.homeIdentity = identity
    return try Planner(templates: StepLibrary.templates).plan(
      procedure, target: undone.target, environment: undone.environment, bindings: try JSONValue(encoding: bindings))
  }
}
