internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepLibrary {
  /// The steps with which teams write their own runbooks.
  static let customDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "shell", kind: .compensable,
          parameters: [
            .init("run", .command, required: true), .init("probe", .command), .init("undo", .command),
            .init("working-directory", .text), .init("environment", .textMap),
          ], summary: "run a command"),
        retry: .once, timeout: .seconds(3600))
    ) { planned, _, _ in try ShellStep(planned) },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "sql", kind: .compensable,
          parameters: [.init("run", .text, required: true), .init("database", .text), .init("undo", .text)],
          summary: "run SQL in one transaction"),
        retry: .once, timeout: .seconds(3600))
    ) { planned, plan, drivers in try SQLStep(planned, plan, drivers) },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "http", kind: .readonly,
          parameters: [
            .init("url", .text, required: true), .init("status", .integer), .init("contains", .text),
            .init("headers", .textMap),
          ], summary: "ask a URL and check its answer"),
        retry: RetryPolicy(attempts: 5, backoff: .seconds(1), maxBackoff: .seconds(10)), timeout: .seconds(60))
    ) { planned, _, _ in try HTTPStep(planned) },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: StepSignature.waitForApproval, kind: .readonly,
          parameters: [.init("message", .text), .init("within", .duration)], summary: "wait until somebody approves"),
        retry: .once)
    ) { _, _, _ in ApprovalStep() },
  ]
}
