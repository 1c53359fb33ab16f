internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepContext {
  /// The live database as it was before this run changed anything about it; nil when there was none.
  ///
  /// The fence saw it last before it closed it; without a fence the inspection did.
  func liveFacts() throws -> DatabaseFacts? {
    let fence = plan.steps.first { $0.uses == "database.fence" && snapshots[$0.id] != nil }
    if let fence, let snapshot = snapshots[fence.id] { return try snapshot.decoded(as: DatabaseFacts.self) }
    return try evidence(of: "database.inspect", as: InspectReport.self).live
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
