internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the steps of an exchange of tables have in common.
struct TablesWork: Sendable {
  let work: DatabaseWork
  /// The tables, with their schemas.
  let tables: [SQLName]
  let places: ExchangePlaces
  private let context: StepContext

  init(_ context: StepContext, _ drivers: StepDrivers) throws {
    work = try DatabaseWork(context, drivers)
    guard let exchange = work.bindings.exchange else {
      throw RecoverError(
        .policyInvalid, "step \(context.step.id) is for single tables, and the plan names none",
        hint: "recover db --table makes such a plan")
    }
    tables = try exchange.undone ?? Self.report(context).names
    places = ExchangePlaces(run: work.run.text, tables: tables)
    self.context = context
  }

  static func report(_ context: StepContext) throws -> TablesReport {
    let report = try context.evidence(of: "database.inspect", as: InspectReport.self)
    guard let tables = report.tables else {
      throw RecoverError(.policyInvalid, "the inspection of this run did not look at single tables", hint: "plan again")
    }
    return tables
  }

  /// What the backup says about the tables, from the index that the inspection kept.
  func script() async throws -> StagingScript {
    let report = try context.evidence(of: "database.inspect", as: InspectReport.self)
    let (bindings, directory) = (work.bindings, context.directory)
    let (tables, places, extent) = (tables, places, extent)
    return try await BlockingThread.run("recover-script") { interruption in
      let file = try BackupFile.inspected(bindings, report, keptIn: directory, interruption)
      let map = try DumpIndexFile.loadOrMake(
        bindings.backup, of: file, digest: report.sha256, in: directory, interruption: interruption)
      return try Self.script(
        map, of: file, segment: report.segment, tables, places, extent: extent, interruption)
    }
  }

  /// Blocking.
  static func script(
    _ map: DumpIndexFile, of file: BackupFile, segment: String?, _ tables: [SQLName], _ places: ExchangePlaces,
    extent: StagingExtent, _ interruption: Interruption
  ) throws -> StagingScript {
    try StagingScript(
      map.index, database: segment, tables: tables, extent: extent, schemas: { places.schema(.side, of: $0) },
      places: file.excerpt?.places ?? DumpPlaces()
    ) { entry in
      // Longer than what the index keeps.
      let source = try BackupSource(file, offset: entry.offset, access: map.access, interruption)
      var reader = DumpReader(source, named: file.path, from: map.index.readerState(of: entry))
      _ = try reader.next()
      return reader.text
    }
  }
}

extension TablesWork {
  /// Rows that are added to a live table need nothing but their columns beside it.
  private var extent: StagingExtent { work.bindings.exchange?.rows == nil ? .everything : .rows }

  /// The schema whose comment says that the load is finished.
  var commentedSchema: String { places.schema(.side, of: tables.first?.schema ?? "") }

  func breadcrumb(
    _ role: SideRole, state: Breadcrumb.State? = nil, run other: String? = nil, retainFor: Duration? = nil
  ) -> Breadcrumb {
    work.breadcrumb(role, state: state, run: other, retainFor: retainFor)
  }

  /// Runs blocking work in the live database, on a thread of its own.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` and `drifted` where the name leads to another database by now.
  func onLive<Value: Sendable>(
    _ body: @escaping @Sendable (inout Connection, Interruption) throws -> Value
  ) async throws -> Value {
    try await work.onLive(body)
  }

  var liveSettings: ConnectionSettings { work.liveSettings }
}

extension DatabaseWork {
  /// Of the role that owns the tables: the administrative one, where the policy names another.
  var liveSettings: ConnectionSettings { access.adminSettings(for: bindings.name) }

  /// Runs blocking work in the live database, on a thread of its own.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` and `drifted` where the name leads to another database by now.
  func onLive<Value: Sendable>(
    _ body: @escaping @Sendable (inout Connection, Interruption) throws -> Value
  ) async throws -> Value {
    let (settings, server, oid, name) = (liveSettings, bindings.server, bindings.liveOID, bindings.name)
    return try await BlockingThread.run("recover-tables") { interruption in
      var connection = try Connection.administrative(settings, interruption: interruption)
      try ServerIdentity.read(&connection).check(isServer: server)
      guard try DatabaseFacts.oid(of: name, &connection) == oid else {
        throw RecoverError(
          .drifted, "database \(name) was made, replaced or dropped since the plan was made",
          hint: "look at it, and plan again")
      }
      return try body(&connection, interruption)
    }
  }
}
