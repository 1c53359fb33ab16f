internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepLibrary {
  /// The steps around services and their health.
  ///
  /// Services use the live database or tree: where closing or swapping it can't be undone they are not started (I7), and
  /// where they can't be stopped it is not swapped under them.
  static let serviceDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "services.stop", kind: .compensable, isObligation: true,
          parameters: [.init("services", .textList), .init("health", .textList)], dischargedBy: ["services.start"],
          summary: "stop the services that use the target"),
        retry: RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(10)), resources: used,
        obligation: "the services are stopped")
    ) { planned, plan, drivers in ServicesStop(work: try ServicesWork(planned, plan, drivers)) },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "services.start", kind: .compensable, parameters: [.init("services", .textList)],
          summary: "start the services that were stopped"),
        retry: RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(10)), resources: used)
    ) { planned, plan, drivers in ServicesStart(work: try ServicesWork(planned, plan, drivers)) },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "health.check", kind: .readonly, parameters: [.init("health", .textList)],
          summary: "wait until every health check passes"),
        retry: .once)
    ) { planned, plan, drivers in HealthCheckStep(work: try ServicesWork(planned, plan, drivers)) },
  ]

  private static let used = ["services", "live database", "live tree"]
}
