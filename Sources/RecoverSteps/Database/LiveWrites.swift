internal import PostgresKit
internal import RecoverBase
package import RecoverCore

/// Counts what the live database accepts between two moments; nobody fails because that can't be told.
struct LiveWrites {
  let access: DatabaseAccess
  let database: String

  init(_ work: DatabaseWork) {
    access = work.access
    database = work.bindings.name
  }

  init(access: DatabaseAccess, database: String) {
    self.access = access
    self.database = database
  }

  func mark() async -> WriteMark? { try? await onLive { try WriteCounter.mark(&$0) } }

  func count(since mark: WriteMark?) async -> WriteCount? {
    guard let mark else { return nil }
    return try? await onLive { try WriteCounter.count(since: mark, &$0) }
  }

  private func onLive<Value: Sendable>(
    _ body: @escaping @Sendable (inout Connection) throws -> Value
  ) async throws -> Value {
    let settings = access.settings(for: database)
    return try await BlockingThread.run("recover-writes") { interruption in
      var connection = try Connection.administrative(settings, interruption: interruption)
      return try body(&connection)
    }
  }
}

/// How much was written to the live database while it was looked at.
package struct RecentWrites: Sendable, Hashable, Codable {
  package var rows: Int64
  package var milliseconds: Int64

  package init(rows: Int64, milliseconds: Int64) {
    self.rows = rows
    self.milliseconds = milliseconds
  }

  /// Sessions hand their counts in about once a second: what is counted over less than this says nothing.
  private static let shortest = Duration.seconds(3)

  init?(_ count: WriteCount?, over time: Duration) {
    guard let count, time >= Self.shortest else { return nil }
    self.init(rows: count.total, milliseconds: time.nanoseconds / 1_000_000)
  }
}

/// What an undo would take away: the writes since the swap that it takes back.
package enum UndoPreview {
  /// In a sentence for people.
  package static func text(undoing undone: RunMachine, drivers: StepDrivers) async -> String {
    let rows = (try? undone.plan.bindings.decoded(as: DatabaseBindings.self))?.exchange?.rows
    guard rows == nil else { return "rows that were changed since the run, or that others refer to by now, stay" }
    let unknown = "what was written since the run can't be told; it stays in the database that is swapped out"
    let exchanges: Set = ["database.swap", "tables.exchange"]
    guard let step = undone.plan.steps.firstIndex(where: { exchanges.contains($0.uses) }),
      let mark = try? undone.steps[step].evidence?["mark"]?.decoded(as: WriteMark.self),
      let bindings = try? undone.plan.bindings.decoded(as: DatabaseBindings.self),
      let access = try? DatabaseAccess(bindings, drivers: drivers, mark: "recover/plan"),
      let all = await LiveWrites(access: access, database: bindings.name).count(since: mark)
    else { return unknown }
    let count = bindings.exchange == nil ? all : all.only(exchanged(undone, step))
    guard count.total > 0 else {
      return count.isExact ? "nothing was written since the run" : "no write since the run was counted"
    }
    let tables = count.tables.prefix(3).map { "\($0.schema ?? "?").\($0.name) \($0.total)" }.joined(separator: ", ")
    let more = count.tables.count > 3 ? ", and \(count.tables.count - 3) more tables" : ""
    return "\(count.isExact ? "" : "at least ")\(count.total) rows were written since the run (\(tables)\(more));"
      + (bindings.exchange == nil
        ? " they stay in the database that is swapped out" : " they stay in the tables that leave")
  }

  /// The tables that a run exchanged.
  private static func exchanged(_ run: RunMachine, _ step: Int) -> [SQLName] {
    (try? run.steps[step].snapshot?.decoded(as: ExchangeSnapshot.self).items.map(\.sqlName)) ?? []
  }
}
