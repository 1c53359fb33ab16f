internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `sql`: statements in one transaction, together with a mark that makes them exactly-once.
///
/// The mark is a row in `recover_steps.done` of the same database, written by the same transaction: a resumed run
/// finds it and does not run the statements again.
struct SQLStep: Step {
  private let statements: String
  private let undoStatements: String?
  private let access: NamedDatabase
  private let drivers: StepDrivers

  init(_ planned: PlannedStep, _ plan: Plan, _ drivers: StepDrivers) throws {
    guard let text = planned.with["run"]?.string else {
      throw RecoverError(.policyInvalid, "step \(planned.id) (sql) needs the parameter run")
    }
    statements = text
    undoStatements = planned.with["undo"]?.string
    access = try NamedDatabase.find(planned.with["database"]?.string, planned, plan)
    self.drivers = drivers
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    try await connected(context) { connection in
      let table = try connection.value("SELECT to_regclass('recover_steps.done')")
      guard table != nil else { return .notDone }
      let mark = try connection.value("SELECT 1 FROM recover_steps.done WHERE mark = $1", [Self.mark(context)])
      return mark == nil ? .notDone : .done(.null)
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let statements = statements
    return try await connected(context) { connection in
      try connection.transaction { connection in
        try connection.execute(
          """
          CREATE SCHEMA IF NOT EXISTS recover_steps;
          CREATE TABLE IF NOT EXISTS recover_steps.done (mark text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())
          """)
        _ = try connection.query("INSERT INTO recover_steps.done (mark) VALUES ($1)", [Self.mark(context)])
        try connection.execute(statements)
      }
      return .null
    }
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let undoStatements = undoStatements
    return try await connected(context) { connection in
      try connection.transaction { connection in
        guard try connection.value("SELECT to_regclass('recover_steps.done')") != nil else { return .null }
        let removed = try connection.rows(
          "DELETE FROM recover_steps.done WHERE mark = $1 RETURNING mark", [Self.mark(context)])
        guard !removed.isEmpty else { return ["undone": false] }
        guard let undoStatements else {
          throw RecoverError(
            .needsOperator, "step \(context.step.id) has no undo: what it did stands",
            hint: "take it back by hand, then recover abandon \(context.run); or give the step an undo")
        }
        try connection.execute(undoStatements)
        return ["undone": .bool(!removed.isEmpty)]
      }
    }
  }

  private static func mark(_ context: StepContext) -> String { "\(context.run.text)/\(context.step.id)" }

  private func connected<Value: Sendable>(
    _ context: StepContext, _ body: @escaping @Sendable (inout Connection) throws -> Value
  ) async throws -> Value {
    let settings = try DatabaseAccess.settings(
      url: access.url, passwordFile: access.passwordFile, drivers: drivers, mark: context.mark)
    return try await BlockingThread.run("recover-sql") { interruption in
      var connection = try Connection(settings, interruption: interruption)
      try connection.pin(.steady)
      return try body(&connection)
    }
  }
}
