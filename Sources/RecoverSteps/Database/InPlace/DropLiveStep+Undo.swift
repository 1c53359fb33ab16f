internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// The way back: the database of before is loaded from the safety dump, proved, and gets its name back.
///
/// It is loaded under a name of its own, so that nobody enters half of it, and so that its ledger makes a killed restore
/// go on exactly. A checkpoint tells its OID before it gets the live name.
extension DropLiveStep {
  private static let restoredCheckpoint = "restored"

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    let (work, inPlace) = try parts(context)
    let restored = context.checkpoints[Self.restoredCheckpoint]?["oid"]?.integer
    let name = work.bindings.name
    let (state, facts) = try await work.onMaintenance { connection, _ in
      (try inPlace.probe(&connection), try DatabaseFacts.read(name, &connection))
    }
    switch state {
    // It was never dropped; the fence's undo opens it.
    case .live: return facts?.isBroken == true ? .present : .absent
    case .dropped: return .present
    case .other:
      if let facts, restored == Int64(facts.oid) { return .absent }
      return .unknown("database \(name) is neither the one from before the run nor the one from its safety dump")
    }
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    switch try await probeUndo(context) {
    case .absent: return ["restored": false]
    case .unknown(let what): throw RecoverError(.wrongTarget, what, hint: "look whose it is; nothing was changed")
    case .present: break
    }
    let (work, inPlace) = try parts(context)
    // A DROP that was interrupted can only be repeated.
    try await work.onMaintenance { connection, _ in try inPlace.drop(&connection, until: .after(Self.limit)) }
    let dump = try safetyDump(context)
    let survey = try await SurveyFile.load(dump.file, context: context, as: .safetyDump)
    let choice = try DumpChoice(survey, bindings: work.bindings.restoring(dump.file))
    let oid = try await makeRoom(inPlace, work)
    let rows = try await load(dump, choice, work, context)
    try await prove(survey, choice, work)
    try await context.reporter.checkpoint(Self.restoredCheckpoint, ["oid": .integer(Int64(oid))])
    context.reporter.reach("restored")
    try await rename(oid, inPlace, work, context)
    return try JSONValue(encoding: RestoredEvidence(restoredFrom: dump.file.path, rows: rows))
  }

  /// Drops the run's side database, whatever is in it, since both do not fit; then makes the one to restore into.
  private func makeRoom(_ inPlace: InPlace, _ work: DatabaseWork) async throws -> UInt32 {
    let side = SideDatabase(target: work.bindings.name, run: work.run.text)
    let restored = SideDatabase(name: work.name(of: .restored), run: work.run.text)
    let breadcrumb = work.breadcrumb(.restored, state: .loading)
    return try await work.onMaintenance { connection, _ in
      try side.drop(&connection, until: .after(Self.limit))
      return try restored.create(inPlace.creation, breadcrumb: breadcrumb, &connection, until: .after(Self.limit))
    }
  }

  /// Loads the safety dump, or goes on loading it.
  private func load(
    _ dump: SafetyDump, _ choice: DumpChoice, _ work: DatabaseWork, _ context: StepContext
  ) async throws -> Int64 {
    let file = try BackupFile(path: dump.file.path)
    let settings = work.access.adminSettings(for: work.name(of: .restored))
    let breadcrumb = try work.breadcrumb(.restored, state: .loaded).text()
    let request = LoadRequest(
      target: settings, dumpName: file.path, identity: dump.sha256.hex, rules: LoadRules(database: choice.database),
      breadcrumb: breadcrumb)
    let reporter = context.reporter
    return try await Checkpoints.run("recover-restore", reporter: reporter) { interruption, checkpoints in
      try LoadStep.check(file, dump.file, dump.sha256.hex, interruption)
      do {
        var connection = try Connection.administrative(settings, interruption: interruption)
        if try LoadProbe.read(&connection, breadcrumb: breadcrumb) == .finished { return dump.rows }
      }
      var hooks = LoadHooks()
      hooks.progress = { progress in
        reporter.progress(
          Progress(doneBytes: progress.consumedBytes, totalBytes: dump.file.sizeBytes, detail: progress.activity))
      }
      hooks.afterCommit = { sequence in
        checkpoints.put("ledger", ["sequence": .integer(sequence)])
        reporter.reach(LoadStep.commitPoint)
      }
      let outcome = try DumpLoader.load(request, hooks: hooks, interruption: interruption) { offset in
        try BackupSource(file, offset: offset)
      }
      return outcome.rows.values.reduce(0, +)
    }
  }

  /// Statistics, then the same proof that the dump itself had to pass.
  private func prove(_ survey: DumpSurvey, _ choice: DumpChoice, _ work: DatabaseWork) async throws {
    let settings = work.access.adminSettings(for: work.name(of: .restored))
    let proof = try await BlockingThread.run("recover-prove") { interruption in
      var connection = try Connection.administrative(settings, interruption: interruption)
      _ = try connection.execute("ANALYZE")
      return try RestoreProof.prove(ProofRequest(segments: choice.segments), &connection)
    }
    guard proof.isProved else {
      let shown = proof.differences.prefix(5).map(\.description).joined(separator: "; ")
      throw RecoverError(
        .stepFailed, "what the safety dump gave is not what was live: \(shown)",
        hint: "it is in database \(work.name(of: .restored)), and the dump in \(choice.path)")
    }
  }

  private func rename(_ oid: UInt32, _ inPlace: InPlace, _ work: DatabaseWork, _ context: StepContext) async throws {
    let swap = inPlace.swap(side: work.name(of: .restored), oid: oid)
    let (access, server, reporter) = (work.access, work.bindings.server, context.reporter)
    _ = try await BlockingThread.run("recover-swap") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      try ServerIdentity.read(&connection).check(isServer: server)
      return try swap.perform(access.maintenanceSettings, interruption: interruption, until: .after(Self.limit)) {
        reporter.reach($0.rawValue)
      }
    }
  }
}

/// What the undo of a drop leaves in the journal.
private struct RestoredEvidence: Codable {
  var restoredFrom: String
  var rows: Int64
}
