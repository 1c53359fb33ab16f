internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `tables.prove`: proves that the loaded tables hold what the backup holds, that the rest of the live database agrees
/// with them, and that they can still trade places.
struct ProveTablesStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let proof = try await TablesProof(tables).prove(context)
    let (report, places, script) = (try TablesWork.report(context), tables.places, try await tables.script())
    return try await tables.onLive { connection, _ in
      let violations = try Self.violations(report, places, script, &connection)
      guard violations.isEmpty else {
        throw RecoverError(
          .stepFailed,
          "the restored rows do not fit the live database: "
            + violations.prefix(8).map(\.text).joined(separator: "; "),
          hint: "restore the tables of those rows as well (--table again), or remove the rows and try again")
      }
      return try JSONValue(encoding: proof)
    }
  }

  /// What foreign keys to and from tables that stay would refuse.
  private static func violations(
    _ report: TablesReport, _ places: ExchangePlaces, _ script: StagingScript, _ connection: inout Connection
  ) throws -> [KeyViolations] {
    let live = report.tables.compactMap(\.liveOID)
    let dependents = try Dependent.read(of: live, &connection)
    var entering: [UInt32: UInt32] = [:]
    for table in report.tables {
      let schema = places.schema(.side, of: table.name.schema ?? "")
      let staged = try ExchangeTable.find([SQLName(schema: schema, table.name.name)], &connection).tables.first
      if let oid = table.liveOID { entering[oid] = staged?.oid }
    }
    return try KeyViolations.incoming(dependents, entering: entering, &connection)
      + KeyViolations.outgoing(script, &connection)
  }
}
