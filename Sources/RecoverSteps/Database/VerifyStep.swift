internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.verify`: proves that the side database holds what the dump holds, and what the policy asserts.
struct VerifyStep: Step {
  let drivers: StepDrivers

  var isInterruptible: Bool { true }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let survey = try await SurveyFile.load(work.bindings.backup, context: context)
    let tables = try DumpChoice(survey, bindings: work.bindings).tables
    let assertions = work.bindings.assertions
    return try await work.onSide { connection, _ in
      try connection.pin(.everyRow)
      let rows = try Self.compareRows(tables, &connection)
      for assertion in assertions { try Self.check(assertion, &connection) }
      return ["tables": .integer(Int64(tables.count)), "rows": .integer(rows), "assertions": .integer(Int64(assertions.count))]
    }
  }

  private static func compareRows(_ tables: [DumpTable], _ connection: inout Connection) throws -> Int64 {
    var total: Int64 = 0
    for table in tables where table.isExact {
      let name = table.name.schema.map { Quoting.identifier($0, table.name.name) } ?? Quoting.identifier(table.name.name)
      let count = try connection.value("SELECT count(*) FROM \(name)").flatMap { Int64($0) } ?? 0
      guard count >= table.rows else {
        throw RecoverError(
          .backupRefused, "table \(table.name) has \(count) rows, the dump has \(table.rows)",
          hint: "the restored copy is not what the backup says; it is not swapped in")
      }
      total += count
    }
    return total
  }

  private static func check(_ assertion: DatabasePolicy.Assertion, _ connection: inout Connection) throws {
    let answer = try connection.value(assertion.sql)
    guard answer == "t" else {
      throw RecoverError(
        .stepFailed, "the assertion `\(assertion.name)` does not hold in the restored database: \(answer ?? "no answer")",
        hint: "look at the backup's age and content; the live database is untouched")
    }
  }
}
