internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepContext {
  /// What the restored database shall be like: the live one from before this run, but open; nil when there was none.
  ///
  /// The fence saw it last before it closed it; without a fence the inspection did.
  func liveFacts() throws -> DatabaseFacts? {
    let fence = plan.steps.first { $0.uses == "database.fence" && snapshots[$0.id] != nil }
    var facts: DatabaseFacts?
    if let fence, let snapshot = snapshots[fence.id] {
      facts = try snapshot.decoded(as: DatabaseFacts.self)
    } else {
      facts = try evidence(of: "database.inspect", as: InspectReport.self).live
    }
    // One that nobody may enter was closed by an incident or an abandoned run, and is of no use to anybody.
    facts?.allowsConnections = true
    return facts
  }

  /// How the dump itself wants its database made; for a target that does not exist yet.
  func dumpCreation() throws -> DatabaseCreation {
    try evidence(of: "database.inspect", as: InspectReport.self).creation
  }

  /// The statements of the dump about the database itself; for a target that does not exist yet.
  func dumpProperties() throws -> [String] {
    try evidence(of: "database.inspect", as: InspectReport.self).propertyStatements
  }
}
