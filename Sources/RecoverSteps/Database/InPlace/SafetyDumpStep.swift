internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.safety-dump`: dumps the live database, and proves the dump against it in the very snapshot that was
/// dumped; the way back once the live database is dropped.
struct SafetyDumpStep: Step {
  let drivers: StepDrivers
  static let crashPoints = ["dumped", "kept"]

  var isInterruptible: Bool { true }

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(DatabaseBindings.self).inPlace == nil ? "the run is not in place" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard let dump = try SafetyDump.read(in: context.directory) else {
      return context.attempt == 0 ? .notDone : .partial("the safety dump is not whole")
    }
    guard (try? BackupFile(path: dump.file.path).check(dump.file)) != nil else {
      return .partial("the safety dump \(dump.file.path) is gone or was changed")
    }
    return .done(try evidence(dump))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    let path = try work.safetyDumpPath()
    let partial = SafetyDump.partialPath(of: path)
    let program = try await DumpProgram.find(serverVersion: work.bindings.server.version, context)
    let live = work.access.adminSettings(for: work.bindings.name)
    let (server, oid) = (work.bindings.server, work.bindings.liveOID ?? 0)
    let (mark, snapshot) = try await BlockingThread.run("recover-snapshot") { interruption in
      var connection = try Connection.administrative(live, interruption: interruption)
      let mark = try WriteCounter.mark(&connection)
      return (mark, try ExportedSnapshot.take(live, oid: oid, server: server, interruption: interruption))
    }
    defer { snapshot.release() }
    do {
      try RunDirectory.make("/" + path.split(separator: "/").dropLast().joined(separator: "/"))
      try SafetyDirectory.begin(partial)
      try await watching(partial, context) {
        try await program.dump(live, snapshot: snapshot.id, to: partial, context)
      }
      context.reporter.reach("dumped")
      let proved = try await prove(partial, snapshot: snapshot.id, work, context)
      try SafetyDirectory.finish(partial, as: path)
      let dump = SafetyDump(
        database: work.bindings.name, run: work.run.text, file: try BackupFile(path: path).reference(),
        sha256: proved.survey.digest, bytes: proved.survey.byteCount, tables: proved.proof.tables,
        rows: proved.proof.rows, mark: mark)
      try SurveyFile.keep(proved.survey, in: context.directory, as: .safetyDump)
      try dump.keep(in: context.directory)
      context.reporter.reach("kept")
      return try evidence(dump)
    } catch {
      try? SafetyDump.remove(partial)
      throw error
    }
  }

  /// Before the drop nothing was lost, and the dump goes; afterwards it is kept, whatever came of the undo.
  func undo(_ context: StepContext) async throws -> JSONValue {
    let path = try DatabaseWork(context, drivers).safetyDumpPath()
    try SafetyDump.remove(SafetyDump.partialPath(of: path))
    let dump = try SafetyDump.read(in: context.directory)
    guard let dump, context.wasIntended("database.drop-live") else {
      try dump?.delete(in: context.directory)
      try SafetyDump.remove(path)
      return ["dropped": true]
    }
    let keepFor = try context.bindings(DatabaseBindings.self).keepFailed
    let kept = try dump.retained(for: keepFor, in: context.directory)
    return try SafetyDumpEvidence(kept).json
  }

  private func evidence(_ dump: SafetyDump) throws -> JSONValue { try SafetyDumpEvidence(dump).json }

  /// Shows how large a file has become while it is written.
  private func watching(
    _ path: String, _ context: StepContext, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    let reporter = context.reporter
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: .milliseconds(500))
          reporter.progress(Progress(doneBytes: SafetyDirectory.size(of: path) ?? 0, detail: "pg_dump"))
        }
      }
      defer { group.cancelAll() }
      try await body()
    }
  }
}

// MARK: - The proof

extension SafetyDumpStep {
  private struct Proved: Sendable {
    var survey: DumpSurvey
    var proof: RestoreProof
  }

  /// Reads the dump back, and compares it with the live database in the snapshot that it was made of.
  ///
  /// - Throws: ``RecoverError`` `stepFailed` when it would be no way back.
  private func prove(
    _ path: String, snapshot: String, _ work: DatabaseWork, _ context: StepContext
  ) async throws -> Proved {
    let file = try BackupFile(path: path).reference()
    let survey = try await SurveyFile.scan(file, reporter: context.reporter).survey
    guard survey.completeness == .complete else { throw Self.useless("it does not end as pg_dump ends one") }
    let choice = try DumpChoice(survey, bindings: work.bindings.restoring(file))
    do {
      try choice.refuseEscapes()
    } catch let error as RecoverError {
      throw Self.useless(error.message)
    }
    let live = work.access.adminSettings(for: work.bindings.name)
    return try await BlockingThread.run("recover-prove") { interruption in
      var connection = try Connection.administrative(live, interruption: interruption)
      let unmet = try choice.requirements.unmet(Account.read(&connection), &connection)
      guard unmet.isEmpty else { throw Self.useless(unmet.prefix(5).map(\.message).joined(separator: "; ")) }
      let missing = try DumpCoverage.missingTables(choice.segments, snapshot: snapshot, &connection)
      guard missing.isEmpty else {
        throw Self.useless("it lacks the rows of \(missing.prefix(5).joined(separator: ", "))")
      }
      let proof = try RestoreProof.prove(ProofRequest(segments: choice.segments), snapshot: snapshot, &connection)
      guard proof.isProved else {
        throw Self.useless(proof.differences.prefix(5).map(\.description).joined(separator: "; "))
      }
      return Proved(survey: survey, proof: proof)
    }
  }

  private static func useless(_ why: String) -> RecoverError {
    RecoverError(
      .stepFailed, "the safety dump would not bring the live database back: \(why)",
      hint: "nothing was dropped; make room for a second copy and leave out --in-place, or correct the cause")
  }
}

/// What a safety dump leaves in the journal.
struct SafetyDumpEvidence: Codable {
  var safetyDump: String
  var tables: Int
  var rows: Int64
  var dumpBytes: Int64
  var sha256: Digest
  var keptUntil: String?

  private enum CodingKeys: String, CodingKey {
    case safetyDump, tables, rows, dumpBytes, sha256
    case keptUntil = "kept until"
  }

  init(_ dump: SafetyDump) {
    safetyDump = dump.file.path
    tables = dump.tables
    rows = dump.rows
    dumpBytes = dump.bytes
    sha256 = dump.sha256
    keptUntil = dump.retainUntil?.description
  }

  var json: JSONValue {
    get throws { try JSONValue(encoding: self) }
  }
}
