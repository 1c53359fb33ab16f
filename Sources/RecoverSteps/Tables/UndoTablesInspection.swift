internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the inspection asks before an exchange of tables is undone.
struct UndoTablesInspection: Sendable {
  let tables: TablesWork

  /// - Throws: ``RecoverError`` `drifted` when the tables of before are gone, `missingRequirement` with what depends on
  ///   the live tables and can't be made anew, or with the rows that a foreign key would refuse.
  func examine() async throws -> JSONValue {
    let work = tables.work
    let (sources, role) = ExchangeStep.sources(tables)
    let (names, run) = (tables.tables, work.bindings.undoes ?? "")
    let brought = work.bindings.exchange?.brought ?? []
    try await work.onMaintenance { connection, _ in try work.refuseOtherRuns(&connection) }
    return try await tables.onLive { connection, _ in
      try work.refuseOtherExchanges(&connection)
      let wanted = sources.schemas(role)
      let isKept = try KeptSchema.list(&connection).contains {
        $0.breadcrumb.run == run && wanted.contains($0.name)
      }
      let live = try ExchangeTable.find(names, &connection)
      var problems = live.refusals
      var entering: [UInt32: UInt32] = [:]
      for name in names {
        let kept = SQLName(schema: sources.schema(role, of: name.schema ?? ""), name.name)
        let found = try ExchangeTable.find([kept], &connection).tables.first
        guard let table = live.tables.first(where: { $0.sqlName == name }) else {
          problems.append("there is no table \(name) now")
          continue
        }
        guard isKept && found != nil || brought.contains(name) else {
          throw RecoverError(
            .drifted, "the table \(name) that run \(run) replaced is not there any more",
            hint: "recover runs tells whether a later undo exchanged it back; where it was dropped, restore a backup")
        }
        entering[table.oid] = found?.oid
      }
      let dependents = try Dependent.read(of: live.tables.map(\.oid), &connection)
      problems += dependents.compactMap { dependent in dependent.refusal.map { "\(dependent.identity) \($0)" } }
      problems += try KeyViolations.incoming(dependents, entering: entering, &connection).map(\.text)
      guard problems.isEmpty else {
        throw RecoverError(
          .missingRequirement, "the exchange can't be undone: \(problems.prefix(8).joined(separator: "; "))",
          hint:
            "remove what is in the way and try again; the tables of before are in schema \(wanted.joined(separator: ", "))"
        )
      }
      return try JSONValue(encoding: ["tables": names.map(\.description), "dependents": dependents.map(\.identity)])
    }
  }
}
