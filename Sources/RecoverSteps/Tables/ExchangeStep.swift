internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `tables.exchange`: the loaded tables take the places of the live ones, by one transaction.
///
/// Its undo is the same exchange the other way round; the tables that did not pass are kept for the post-mortem.
struct ExchangeStep: Step {
  let drivers: StepDrivers
  static let crashPoints = TableExchange.Point.allCases.map(\.rawValue)
  /// How long is waited for those who hold a table, in each of three attempts.
  private static let limit = Duration.seconds(100)

  func observe(_ context: StepContext) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let (sources, role) = Self.sources(tables)
    let names = tables.tables
    let planned = try? TablesWork.report(context)
    return try await tables.onLive { connection, _ in
      let items = try names.map { name in
        let home = name.schema ?? ""
        let source = SQLName(schema: sources.schema(role, of: home), name.name)
        let (live, loaded) = (
          try ExchangeTable.find([name], &connection).tables.first,
          try ExchangeTable.find([source], &connection).tables.first
        )
        if let planned, live?.oid != planned.tables.first(where: { $0.name == name })?.liveOID {
          throw RecoverError(
            .drifted, "table \(name) was made, replaced or dropped since it was inspected", hint: "plan again")
        }
        return TableExchange.Item(
          schema: home, name: name.name, enteringOID: loaded?.oid, leavingOID: live?.oid)
      }
      return try JSONValue(encoding: ExchangeSnapshot(items: items))
    }
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard context.snapshot != nil else { return .notDone }
    let (tables, exchange) = try await parts(context)
    switch try await tables.onLive({ connection, _ in try exchange.probe(&connection) }) {
    case .notExchanged: return .notDone
    case .exchanged: return .done(try evidence(exchange, TableExchange.Report(), mark: nil))
    case .unknown(let what): return .unknown(what)
    }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (tables, exchange) = try await parts(context)
    let report = try await perform(exchange, tables, context)
    return try evidence(exchange, report, mark: await LiveWrites(tables.work).mark())
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (tables, exchange) = try await parts(context)
    let state = try await tables.onLive { connection, _ in try exchange.probe(&connection) }
    return state == .exchanged ? .holds : .fails("the tables have not traded places: \(state)")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (tables, exchange) = try await parts(context)
    let back = Self.back(exchange, tables, foreignKeys: [])
    return try await tables.onLive { connection, _ in
      switch (try exchange.probe(&connection), try back.probe(&connection)) {
      case (.notExchanged, _), (_, .exchanged): .absent
      case (.exchanged, _): .present
      case (.unknown(let what), _): .unknown(what)
      }
    }
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    guard try await probeUndo(context) != .absent else { return ["exchanged back": false] }
    let (tables, exchange) = try await parts(context)
    let keys = try await Self.foreignKeys(keptBy: exchange, tables)
    let back = Self.back(exchange, tables, foreignKeys: keys)
    let mark = try? context.evidence?.decoded(as: ExchangeEvidence.self).mark
    let writes = await LiveWrites(tables.work).count(since: mark)?.only(tables.tables)
    _ = try await perform(back, tables, context)
    let kept = back.breadcrumb
    return try JSONValue(
      encoding: ExchangeBackEvidence(
        failedTables: exchange.entering.isEmpty ? nil : back.destinations.schemas(back.destinationRole),
        keptUntil: kept.retainUntil?.description, writesWhileLive: writes))
  }

  private func perform(
    _ exchange: TableExchange, _ tables: TablesWork, _ context: StepContext
  ) async throws -> TableExchange.Report {
    let (settings, reporter) = (tables.liveSettings, context.reporter)
    // The server and the database are the right ones.
    try await tables.onLive { _, _ in }
    return try await BlockingThread.run("recover-exchange") { interruption in
      try exchange.perform(settings, interruption: interruption, until: .after(Self.limit)) {
        reporter.reach($0.rawValue)
      } waiting: {
        reporter.progress(Progress(doneBytes: 0, detail: $0, isMeasured: false))
      }
    }
  }
}

// MARK: Who trades places

extension ExchangeStep {
  /// What `run.accept` looks at: whether the tables are still where the exchange put them.
  static func accept(_ context: StepContext, _ drivers: StepDrivers) async throws -> JSONValue {
    let tables = try TablesWork(context, drivers)
    let step = context.plan.steps.first { $0.uses == "tables.exchange" }
    guard let step, let snapshot = try context.snapshots[step.id]?.decoded(as: ExchangeSnapshot.self) else {
      throw RecoverError(.policyInvalid, "run.accept needs a step that uses tables.exchange before it")
    }
    let found = try await tables.onLive { connection, _ in try ExchangeTable.find(tables.tables, &connection).tables }
    for item in snapshot.items {
      guard found.first(where: { $0.sqlName == item.sqlName })?.oid == item.enteringOID else {
        throw RecoverError(.drifted, "table \(item.sqlName) is not the restored one")
      }
    }
    return ["tables": .integer(Int64(found.count))]
  }

  /// Where the tables come from: where they were loaded, or where the run that is undone keeps them.
  static func sources(_ tables: TablesWork) -> (ExchangePlaces, SideRole) {
    guard let undone = tables.work.bindings.undoes else { return (tables.places, .side) }
    return (ExchangePlaces(run: undone, homes: tables.places.homes), .previous)
  }

  private func parts(_ context: StepContext) async throws -> (TablesWork, TableExchange) {
    let tables = try TablesWork(context, drivers)
    var seen = context.snapshot
    if seen == nil { seen = try await observe(context) }
    let snapshot = try (seen ?? .null).decoded(as: ExchangeSnapshot.self)
    let (sources, role) = Self.sources(tables)
    var exchange = TableExchange(
      items: snapshot.items, sources: sources, sourceRole: role, destinations: tables.places,
      destinationRole: .previous, breadcrumb: tables.breadcrumb(.previous), foreignKeys: [])
    exchange.foreignKeys =
      tables.work.bindings.undoes == nil
      ? try await tables.script().laterForeignKeys.map { "\($0.text)" }
      : try await Self.keptForeignKeys(sources.schemas(role), tables)
    if tables.work.bindings.undoes == nil {
      exchange.assertions = tables.work.bindings.assertions.map { .init(name: $0.name, sql: $0.sql) }
    }
    return (tables, exchange)
  }

  /// The same trade in the other direction.
  private static func back(
    _ exchange: TableExchange, _ tables: TablesWork, foreignKeys: [String]
  ) -> TableExchange {
    let bindings = tables.work.bindings
    var back = exchange
    for index in back.items.indices {
      back.items[index].enteringOID = exchange.items[index].leavingOID
      back.items[index].leavingOID = exchange.items[index].enteringOID
    }
    (back.sources, back.sourceRole) = (exchange.destinations, exchange.destinationRole)
    if let undone = bindings.undoes {
      // Back to where the undo took them from.
      (back.destinations, back.destinationRole) = (exchange.sources, .previous)
      back.breadcrumb = tables.breadcrumb(.previous, run: undone, retainFor: bindings.keepPrevious)
    } else {
      (back.destinations, back.destinationRole) = (tables.places, .failed)
      back.breadcrumb = tables.breadcrumb(.failed, retainFor: bindings.keepFailed)
    }
    back.foreignKeys = foreignKeys
    back.assertions = []
    return back
  }

  /// What was taken off the tables that an exchange replaced.
  private static func foreignKeys(keptBy exchange: TableExchange, _ tables: TablesWork) async throws -> [String] {
    try await keptForeignKeys(exchange.destinations.schemas(exchange.destinationRole), tables)
  }

  private static func keptForeignKeys(_ schemas: [String], _ tables: TablesWork) async throws -> [String] {
    try await tables.onLive { connection, _ in
      // Every one of the run's schemas has the whole list.
      try KeptSchema.list(&connection).first { schemas.contains($0.name) }?.breadcrumb.foreignKeys ?? []
    }
  }

  private func evidence(
    _ exchange: TableExchange, _ report: TableExchange.Report, mark: WriteMark?
  ) throws -> JSONValue {
    try JSONValue(
      encoding: ExchangeEvidence(
        keptTables: exchange.leaving.isEmpty ? nil : exchange.destinations.schemas(exchange.destinationRole),
        tables: exchange.items.map { "\($0.sqlName)" }, attempts: report.attempts,
        lockedNanoseconds: report.lockedNanoseconds, restored: Array(report.restored.prefix(200)), mark: mark))
  }
}

extension WriteCount {
  /// The part about some tables.
  func only(_ names: [SQLName]) -> WriteCount {
    var part = self
    part.tables = tables.filter { table in names.contains(SQLName(schema: table.schema, table.name)) }
    return part
  }
}

/// Which tables trade places.
struct ExchangeSnapshot: Codable {
  var items: [TableExchange.Item]
}

private struct ExchangeEvidence: Codable {
  /// The schemas that the live tables of before have now; nil where there were none.
  var keptTables: [String]?
  var tables: [String]
  var attempts: Int
  /// Nil where a dead runner exchanged, and its report died with it.
  var lockedNanoseconds: Int64?
  /// What was made anew, so that it finds the new tables.
  var restored: [String]
  /// Where counting began of what is written to the new tables; nil where nobody could tell.
  var mark: WriteMark?
}

private struct ExchangeBackEvidence: Codable {
  /// The schemas in which the restored tables are kept.
  var failedTables: [String]?
  var keptUntil: String?
  /// What was written to them while they were live; nil where nobody can tell.
  var writesWhileLive: WriteCount?

  enum CodingKeys: String, CodingKey {
    case failedTables
    case keptUntil = "kept until"
    case writesWhileLive
  }
}
