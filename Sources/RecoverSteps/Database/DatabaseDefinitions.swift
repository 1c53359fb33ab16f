internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepLibrary {
  /// The steps of a database recovery, in their order.
  static let databaseDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        .database(
          "database.create-beside", .compensable, "make an empty database beside the live one, with its properties"),
        retry: RetryPolicy(attempts: 3), resources: ["side database"])
    ) { _, _, drivers in CreateBesideStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database(
          "database.fence", .compensable, isObligation: true, dischargedBy: ["database.swap"],
          "close the live database to everybody until the swap"),
        retry: RetryPolicy(attempts: 3), resources: ["live database"], obligation: "the live database is fenced off")
    ) { _, _, drivers in FenceStep(drivers: drivers) },
  ]
}
