internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// A run of before that a command takes up again, or asks its holder for something.
struct TakenUp {
  var run: RunArgument
  /// The database's URL, when its password is needed again.
  var database: String?
  var global: GlobalOptions
  /// The hash that the plan must have, or its beginning.
  var expectPlan: String?

  /// Performs the run in this process.
  ///
  /// Resuming a run that has ended says how it ended, with its exit status: whoever resumes until a run is done need
  /// not know whether its last runner died at the very end.
  func perform(_ entry: (String) -> Runner.Entry) async throws -> ExitStatus {
    var isResumed = false
    if case .resume = entry("") { isResumed = true }
    let found = try await find(mayHaveEnded: isResumed)
    if found.machine.state.isTerminal, run.text == "last", !global.json, !global.quiet {
      // A command that dies before its run is journaled leaves none, and somebody may think that this is it.
      ErrorOutput.write(
        "note: run \(found.id) is the newest in the journal, and has ended; a command that was killed before its run was "
          + "journaled has changed nothing: type it again")
    }
    return try await perform(found, entry)
  }

  /// Leaves a request for the process that holds the run; performs it here when nobody does.
  func ask(_ kind: RunRequest.Kind, _ entry: (String) -> Runner.Entry) async throws -> ExitStatus {
    let found = try await find()
    guard found.isHeld else { return try await perform(found, entry) }
    try await found.store.request(kind, of: found.id, by: ProcessEnvironment.userName, at: .now)
    let text = "asked run \(found.id) to \(kind.rawValue); recover show \(found.id) tells when it has"
    return try Answer(text: global.place.placed(text)).write(global)
  }

  private func find(mayHaveEnded: Bool = false) async throws -> FoundRun {
    let found = try await FoundRun(run, global)
    if !mayHaveEnded { try found.requireOpen() }
    let hash = try found.machine.plan.hash().hex
    guard hash.hasPrefix(expectPlan?.lowercased().prefix { $0 != "-" } ?? "") else {
      throw RecoverError(
        .drifted, "the plan of run \(found.id) has the hash \(hash), not \(expectPlan ?? "")",
        hint: "recover show \(found.id) shows what it would do")
    }
    return found
  }

  private func perform(_ found: FoundRun, _ entry: (String) -> Runner.Entry) async throws -> ExitStatus {
    let drivers = try found.composition.drivers(databaseURL: database)
    return try await RunPresentation(composition: found.composition, store: found.store, global: global)
      .perform(
        found.id, plan: found.machine.plan, found: found.machine, drivers: drivers, entry(ProcessEnvironment.userName))
  }
}
