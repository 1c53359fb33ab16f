internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.drop-live`: drops the live database, so that its replacement fits; its undo restores the safety dump.
///
/// The run's side database is there before and after, so that the run's claim on the target is on the server all the
/// time. What has the live name is told by OID: the live one from the plan, or the restored one from a checkpoint.
struct DropLiveStep: Step {
  let drivers: StepDrivers
  /// Around the drop; then those of the restore and of its renaming.
  static let crashPoints =
    ["before-drop", "after-drop", LoadStep.commitPoint, "restored"] + DatabaseSwap.Point.allCases.map(\.rawValue)
  /// How long sessions may take to end, and the server to delete the files.
  static let limit = Duration.seconds(120)

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(DatabaseBindings.self).inPlace == nil ? "the run is not in place" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let (work, inPlace) = try parts(context)
    switch try await work.onMaintenance({ connection, _ in try inPlace.probe(&connection) }) {
    case .live: return .notDone
    case .dropped where context.attempt == 0: return .unknown("somebody else dropped database \(work.bindings.name)")
    case .dropped: return .done(evidence(work))
    case .other: return .unknown("database \(work.bindings.name) is not the one that was planned for")
    }
  }

  /// What a person needs to bring it back without us.
  func observe(_ context: StepContext) async throws -> JSONValue {
    let (work, inPlace) = try parts(context)
    return try JSONValue(encoding: DropLiveSnapshot(live: inPlace.facts, safetyDump: try work.safetyDumpPath()))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let (work, inPlace) = try parts(context)
    let dump = try safetyDump(context)
    try BackupFile(path: dump.file.path).check(dump.file)
    try await refuseWrites(since: dump.mark, inPlace, work)
    let side = SideDatabase(target: work.bindings.name, run: work.run.text)
    let reporter = context.reporter
    try await work.onMaintenance { connection, _ in
      guard case .ours = try side.probe(&connection) else {
        throw RecoverError(.drifted, "the run's own database \(side.name) is not there any more")
      }
      reporter.reach("before-drop")
      try inPlace.drop(&connection, until: .after(Self.limit))
      reporter.reach("after-drop")
    }
    return evidence(work)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    let (work, inPlace) = try parts(context)
    let state = try await work.onMaintenance { connection, _ in try inPlace.probe(&connection) }
    return state == .dropped ? .holds : .fails("database \(work.bindings.name) is still there")
  }

  func parts(_ context: StepContext) throws -> (DatabaseWork, InPlace) {
    guard let facts = try context.liveFacts() else { throw RecoverError(.bug, "a drop without a live database") }
    return (try DatabaseWork(context, drivers), InPlace(facts))
  }

  func safetyDump(_ context: StepContext) throws -> SafetyDump {
    guard let dump = try SafetyDump.read(in: context.directory) else {
      throw RecoverError(
        .needsOperator, "the record of the safety dump is not in \(context.directory)",
        hint: "find the dump where the plan says, and load it by hand")
    }
    return dump
  }

  private func evidence(_ work: DatabaseWork) -> JSONValue {
    ["droppedLive": .string(work.bindings.name)]
  }

  /// Refuses to drop what the safety dump does not have: the fence holds back applications, not a person who insists.
  ///
  /// A database that nobody can enter was closed by an earlier attempt, after this very look.
  private func refuseWrites(since mark: WriteMark, _ inPlace: InPlace, _ work: DatabaseWork) async throws {
    let fence = DatabaseFence(database: inPlace.facts.name, oid: inPlace.facts.oid)
    let live = work.access.adminSettings(for: inPlace.facts.name)
    try await work.onMaintenance { connection, interruption in
      guard try fence.probe(&connection) != .closed else { return }
      // Sessions hand their counts in when they end.
      let report = try fence.makeReadOnly(&connection, until: .after(Self.limit))
      guard report.isTight else {
        throw RecoverError(.busy, "sessions that can write to database \(inPlace.facts.name) do not end")
      }
      var look = try Connection.administrative(live, interruption: interruption)
      let count = try WriteCounter.count(since: mark, &look)
      guard count.total == 0 else {
        let tables = count.tables.prefix(5).map { "\($0.schema.map { "\($0)." } ?? "")\($0.name)" }
        throw RecoverError(
          .stepFailed,
          "\(count.total) rows of \(tables.joined(separator: ", ")) were written after the safety dump was begun",
          hint: "nothing was dropped; find out who writes to a database that is read-only, and begin again")
      }
    }
  }
}

/// What was there before the drop, and where it is now.
struct DropLiveSnapshot: Codable {
  var live: DatabaseFacts
  var safetyDump: String
}

extension DatabaseWork {
  /// Where the run's safety dump is.
  func safetyDumpPath() throws -> String {
    guard let path = bindings.safetyDumpPath(run: run) else {
      throw RecoverError(.policyInvalid, "the plan names no place for a safety dump", hint: "use recover db --in-place")
    }
    return path
  }
}

extension DatabaseBindings {
  /// The same, for the restore of a dump of the very database.
  func restoring(_ file: BackupReference) -> DatabaseBindings {
    var copy = self
    (copy.backup, copy.segment) = (file, nil)
    return copy
  }
}
