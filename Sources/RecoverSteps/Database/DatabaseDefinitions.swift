internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepLibrary {
  /// The steps of a database recovery, in their order.
  static let databaseDefinitions: [StepDefinition] =
    [
      StepDefinition(
        StepTemplate(
          .database("database.inspect", .readonly, "check the backup, the server, the rights, and what would be lost"),
          retry: .once)
      ) { _, _, drivers in InspectStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database(
            "database.create-roles", .compensable, "make the backup's roles and tablespaces that the server lacks"),
          retry: patient, resources: ["roles"]),
        crashPoints: CreateRolesStep.crashPoints
      ) { _, _, drivers in CreateRolesStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("database.inspect-undo", .readonly, "check that the previous database is there"), retry: .once)
      ) { _, _, drivers in InspectUndoStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database(
            "database.create-beside", .compensable, "make an empty database beside the live one, with its properties"),
          retry: patient, deadline: .seconds(600), resources: ["side database"])
      ) { _, _, drivers in CreateBesideStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database(
            "database.fence", .compensable, isObligation: true, dischargedBy: ["database.swap"],
            "keep writers out of the live database until the swap"),
          retry: patient, deadline: .seconds(600), resources: ["live database"],
          obligation: "the live database is fenced off")
      ) { _, _, drivers in FenceStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("database.load", .compensable, "load the dump into it, exactly and resumably"),
          retry: RetryPolicy(attempts: 10, backoff: .seconds(1), maxBackoff: .seconds(30)), resources: ["side database"]
        ),
        crashPoints: [LoadStep.commitPoint] + LoadStep.stagePoints
      ) { _, _, drivers in LoadStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("database.analyze", .compensable, "collect its statistics"), retry: patient,
          resources: ["side database"])
      ) { _, _, drivers in AnalyzeStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("database.verify", .readonly, "prove rows, objects and the policy's assertions"), retry: patient)
      ) { _, _, drivers in VerifyStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("database.swap", .compensable, "give it the live name; what had it becomes the previous database"),
          retry: patient, deadline: .seconds(600), resources: ["live database", "side database"]),
        crashPoints: SwapStep.crashPoints
      ) { _, _, drivers in SwapStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("hooks.after-restore", .compensable, "run the policy's own steps before any traffic"),
          retry: .once, resources: ["live database"])
      ) { _, _, drivers in AfterRestoreStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(.database("run.accept", .pivot, "accept the result"), retry: patient)
      ) { _, _, drivers in AcceptStep(drivers: drivers) },
      StepDefinition(
        StepTemplate(
          .database("database.retire-previous", .forward, "keep the previous database until its retention ends"),
          retry: patient, deadline: .seconds(600))
      ) { _, _, drivers in RetireStep(drivers: drivers) },
    ] + inPlaceDefinitions + tablesDefinitions + rowsDefinitions

  /// The further steps of a recovery in place.
  private static let inPlaceDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        .database("database.safety-dump", .compensable, "dump the live database, and prove the dump against it"),
        retry: RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(20))),
      crashPoints: SafetyDumpStep.crashPoints
    ) { _, _, drivers in SafetyDumpStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database(
          "database.drop-live", .compensable, isObligation: true, dischargedBy: ["database.swap"],
          "DROP the live database; undone by loading the safety dump"),
        retry: patient, resources: ["live database", "side database"],
        obligation: "the live database is dropped; its safety dump has it"),
      crashPoints: DropLiveStep.crashPoints
    ) { _, _, drivers in DropLiveStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database("database.retire-safety-dump", .forward, "keep the safety dump until its retention ends"),
        retry: patient, deadline: .seconds(600))
    ) { _, _, drivers in RetireSafetyDumpStep(drivers: drivers) },
  ]

  /// The further steps of an exchange of single tables.
  private static let tablesDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        .database("tables.prepare", .compensable, "make schemas in the live database to load the tables into"),
        retry: patient, deadline: .seconds(600), resources: ["side tables"])
    ) { _, _, drivers in PrepareTablesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database("tables.prove", .readonly, "prove rows, objects and foreign keys of the loaded tables"),
        retry: patient)
    ) { _, _, drivers in ProveTablesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database(
          "tables.exchange", .compensable, "exchange the tables by one transaction; what depends on them follows"),
        retry: RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(20)), deadline: .seconds(1800),
        resources: ["live tables", "side tables"]),
      crashPoints: ExchangeStep.crashPoints
    ) { _, _, drivers in ExchangeStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database("tables.retire", .forward, "keep the replaced tables until their retention ends"),
        retry: patient, deadline: .seconds(600))
    ) { _, _, drivers in RetireTablesStep(drivers: drivers) },
  ]

  /// The further steps of adding missing rows to a live table, and of taking them back.
  private static let rowsDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        .database("rows.prove", .readonly, "prove the loaded rows, and count what the live table lacks of them"),
        retry: patient)
    ) { _, _, drivers in ProveRowsStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database("rows.insert", .compensable, "insert the rows that lack by one transaction, and keep their keys"),
        retry: patient, resources: ["live tables"]),
      crashPoints: InsertRowsStep.crashPoints
    ) { _, _, drivers in InsertRowsStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database("rows.retire", .forward, "drop the loaded rows; keep the keys of those inserted for their undo"),
        retry: patient, deadline: .seconds(600))
    ) { _, _, drivers in RetireRowsStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        .database("rows.remove", .pivot, "delete the rows that a run inserted and that nobody changed since"),
        retry: patient, resources: ["live tables"]),
      crashPoints: RemoveRowsStep.crashPoints
    ) { _, _, drivers in RemoveRowsStep(drivers: drivers) },
  ]

  /// For what a restarting server makes fail.
  private static let patient = RetryPolicy(attempts: 6, backoff: .seconds(1), maxBackoff: .seconds(20))
}
