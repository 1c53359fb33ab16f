internal import PostgresKit
internal import RecoverBase
package import RecoverCore

/// Plans the undo of a finished recovery: the same swap, with the database of before in the place of a loaded one.
package struct UndoPlanner: Sendable {
  private let drivers: StepDrivers

  package init(drivers: StepDrivers) { self.drivers = drivers }

  /// The plan that swaps a run's previous database back.
  ///
  /// - Throws: ``RecoverError`` `usage` when the run replaced nothing, `drifted` when the previous database is gone.
  package func plan(undoing run: RunID, _ machine: RunMachine, procedure: Procedure) async throws -> Plan {
    let undone = machine.plan
    if let release = try? undone.bindings.decoded(as: ReleaseBindings.self) {
      let before = release.serving.map {
        "recover deploy \(release.name) --to \($0.short) deploys what was there before"
      }
      throw RecoverError(
        .usage, "run \(run) deployed release \(release.release.short): nothing of it can be swapped back",
        hint: before ?? "there was no release before it")
    }
    guard undone.target.kind == .database else {
      throw RecoverError(.usage, "run \(run) was no database recovery: it can't be undone like this")
    }
    var bindings = try undone.bindings.decoded(as: DatabaseBindings.self)
    guard bindings.liveOID != nil else {
      throw RecoverError(
        .usage, "run \(run) created database \(bindings.name); there was none before that could be swapped back",
        hint: "to take it back, drop it: DROP DATABASE \(bindings.name)")
    }
    if let dump = bindings.safetyDumpPath(run: run) {
      throw RecoverError(
        .usage, "run \(run) was in place: the database of before was dropped, and is only in its safety dump",
        hint: "recover db --from \(dump) brings it back, within its retention")
    }
    if let rows = bindings.exchange?.rows, rows.undone == nil {
      let match = try Self.match(of: machine)
      bindings.exchange = ExchangeBindings(
        undone: [match.table], rows: RowsBindings(key: match.key, firing: match.firing, undone: match))
      bindings.undoes = run.text
      return try Planner(templates: StepLibrary.templates).plan(
        procedure, target: undone.target, environment: undone.environment, bindings: try JSONValue(encoding: bindings))
    }
    if bindings.exchange?.rows != nil {
      throw RecoverError(
        .usage, "run \(run) took rows back; that can't be undone",
        hint: "recover db --rows-into inserts them again, from the backup")
    }
    if bindings.exchange != nil {
      let items = try Self.exchanged(by: machine)
      bindings.exchange = ExchangeBindings(
        undone: items.map(\.sqlName), brought: items.filter { $0.leavingOID == nil }.map(\.sqlName))
      bindings.undoes = run.text
      return try Planner(templates: StepLibrary.templates).plan(
        procedure, target: undone.target, environment: undone.environment, bindings: try JSONValue(encoding: bindings))
    }
    let previous = SideNames.name(of: .previous, target: bindings.name, run: run.text)
    bindings.undoes = run.text
    bindings.liveOID = try await liveOID(bindings, previous: previous)
    bindings.serve = .none
    return try Planner(templates: StepLibrary.templates).plan(
      procedure, target: undone.target, environment: undone.environment, bindings: try JSONValue(encoding: bindings))
  }

  /// The procedure that undoes a run.
  package static func procedureName(undoing undone: Plan) -> String {
    guard let exchange = (try? undone.bindings.decoded(as: DatabaseBindings.self))?.exchange else { return "undo" }
    return exchange.rows == nil ? "undo-tables" : "undo-rows"
  }

  /// How a run matched the rows that it inserted.
  private static func match(of machine: RunMachine) throws -> RowsMatch {
    let step = machine.plan.steps.firstIndex { $0.uses == "database.inspect" }
    guard let report = try step.flatMap({ try machine.steps[$0].evidence?.decoded(as: InspectReport.self) }),
      let match = report.match
    else { throw RecoverError(.journal, "the run's journal does not say which rows it inserted") }
    return match
  }

  /// The tables that a run exchanged, in its order.
  private static func exchanged(by machine: RunMachine) throws -> [TableExchange.Item] {
    let step = machine.plan.steps.firstIndex { $0.uses == "tables.exchange" }
    guard let snapshot = try step.flatMap({ try machine.steps[$0].snapshot?.decoded(as: ExchangeSnapshot.self) }) else {
      throw RecoverError(.journal, "the run's journal does not say which tables it exchanged")
    }
    return snapshot.items
  }

  private func liveOID(_ bindings: DatabaseBindings, previous: String) async throws -> UInt32 {
    let access = try DatabaseAccess(bindings, drivers: drivers, mark: "recover/plan")
    return try await BlockingThread.run("recover-plan") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      try ServerIdentity.read(&connection).check(isServer: bindings.server)
      guard try DatabaseFacts.oid(of: previous, &connection) != nil else {
        throw RecoverError(
          .drifted, "there is no database \(previous), which the run left behind",
          hint: "recover runs tells whether a later undo swapped it back; where it was dropped, restore a backup")
      }
      guard let live = try DatabaseFacts.oid(of: bindings.name, &connection) else {
        throw RecoverError(
          .drifted, "there is no database \(bindings.name) now",
          hint: "the one of before is \(previous): ALTER DATABASE ... RENAME TO gives it the name back")
      }
      return live
    }
  }
}
