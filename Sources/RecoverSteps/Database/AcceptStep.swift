internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `run.accept`: the point of no return.
///
/// From here on, undo would lose writes that were accepted, so a failure is
/// an operator's.
struct AcceptStep: Step {
  let drivers: StepDrivers

  func perform(_ context: StepContext) async throws -> JSONValue {
    if context.plan.target.kind == .tree { return try await SwapFilesStep.accept(context, drivers) }
    guard context.plan.target.kind == .database else { return .null }
    let work = try DatabaseWork(context, drivers)
    if work.bindings.exchange?.rows != nil {
      let rows = try RowsWork(context, drivers)
      guard try await rows.areThere() else {
        throw RecoverError(.drifted, "the keys of the rows that were inserted into \(rows.match.table) are gone")
      }
      return .null
    }
    if work.bindings.exchange != nil { return try await ExchangeStep.accept(context, drivers) }
    let name = work.bindings.name
    let facts = try await work.onMaintenance { connection, _ in try DatabaseFacts.read(name, &connection) }
    guard let facts, facts.oid != work.bindings.liveOID else {
      throw RecoverError(.drifted, "database \(name) is not the restored one")
    }
    return ["live OID": .integer(Int64(facts.oid))]
  }
}
