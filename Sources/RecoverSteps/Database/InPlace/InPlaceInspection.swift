internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What a recovery in place asks before anything stops: whether there could be a way back.
struct InPlaceInspection: Sendable {
  let work: DatabaseWork
  let inPlace: InPlaceBindings

  /// - Returns: what people should know.
  /// - Throws: ``RecoverError`` `missingRequirement` or `noSpace`.
  func examine(_ live: DatabaseFacts?, _ context: StepContext) async throws -> [String] {
    guard let live else { throw RecoverError(.drifted, "there is no database \(work.bindings.name) any more") }
    guard live.allowsConnections, !live.isTemplate else {
      throw RecoverError(
        .missingRequirement,
        "database \(live.name) \(live.isTemplate ? "is a template" : "lets nobody in"): it can't be dumped and dropped",
        hint: "ALTER DATABASE \(Quoting.identifier(live.name)) ALLOW_CONNECTIONS true IS_TEMPLATE false")
    }
    _ = try await DumpProgram.find(serverVersion: work.bindings.server.version, context)
    let directory = inPlace.safetyDirectory
    guard SafetyDirectory.isWritable(directory) else {
      throw RecoverError(
        .noSpace, "the safety dump can't be written to \(directory)", hint: "name another place with --safety-dump DIR")
    }
    let free = SafetyDirectory.freeSpace(directory).map { "has \($0) free" } ?? "has an unknown amount of free space"
    let size = live.size.map { "the live database takes \($0)" } ?? "the live database's size is unknown"
    return ["the safety dump goes to \(directory), which \(free); \(size), before compression"]
  }

  /// Refuses what goes with a dropped database and is in no dump of it.
  static func refuseWhatIsLost(_ obstacles: [SwapObstacle], database: String) throws {
    for obstacle in obstacles where obstacle.kind == .logicalSlot || obstacle.kind == .subscription {
      let what = obstacle.kind == .logicalSlot ? "logical slot" : "subscription"
      throw RecoverError(
        .missingRequirement,
        "\(what) \(obstacle.subject) belongs to database \(database): it would go with it, and no dump brings it back",
        hint: "drop it first and make it anew afterwards, or make room for a second copy and leave out --in-place")
    }
  }
}
