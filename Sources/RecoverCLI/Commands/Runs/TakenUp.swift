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
  func perform(_ entry: (String) -> Runner.Entry) async throws -> ExitStatus {
    let composition = try Composition(global)
    return try await perform(try await history(composition), composition, entry)
  }

  /// Leaves a request for the process that holds the run; performs it here when nobody does.
  func ask(_ kind: RunRequest.Kind, _ entry: (String) -> Runner.Entry) async throws -> ExitStatus {
    let composition = try Composition(global)
    let history = try await history(composition)
    let person = ProcessEnvironment.userName
    let leases = try await composition.store.leases()
    guard composition.isHeld(history.run, leases) else { return try await perform(history, composition, entry) }
    try await composition.store.request(kind, of: history.run, by: person, at: .now)
    StandardOutput.write("asked run \(history.run) to \(kind.rawValue); recover show \(history.run) tells when it has")
    return .success
  }

  private func history(_ composition: Composition) async throws -> History {
    let history = try await History(of: try await run.resolve(in: composition.store), in: composition.store)
    let hash = try history.machine.plan.hash().hex
    guard hash.hasPrefix(expectPlan?.lowercased() ?? "") else {
      throw RecoverError(
        .drifted, "the plan of run \(history.run) has the hash \(hash), not \(expectPlan ?? "")",
        hint: "recover show \(history.run) shows what it would do")
    }
    return history
  }

  private func perform(
    _ history: History, _ composition: Composition, _ entry: (String) -> Runner.Entry
  ) async throws -> ExitStatus {
    let drivers = try composition.drivers(databaseURL: database)
    return try await RunPresentation(composition: composition, global: global)
      .perform(history.run, plan: history.machine.plan, drivers: drivers, entry(ProcessEnvironment.userName))
  }
}
