internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepLibrary {
  /// The steps of a rollback and of a deployment, in their order.
  static let releaseDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "release.inspect", kind: .readonly, summary: "check the work tree, the revision, and what it needs"),
        retry: .once)
    ) { _, _, _ in InspectReleaseStep() },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "release.stash", kind: .compensable, summary: "put changes to tracked files aside, by their object"),
        retry: gitRetry, resources: ["work tree"]),
      crashPoints: StashStep.crashPoints
    ) { _, _, _ in StashStep() },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "release.checkout", kind: .compensable, summary: "check the release out; no branch is moved"),
        retry: gitRetry, resources: ["work tree"])
    ) { _, _, _ in CheckoutStep() },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "release.build", kind: .compensable, summary: "build it, while the release of before serves"),
        retry: .once, resources: ["work tree"])
    ) { _, _, _ in BuildStep() },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "release.deploy", kind: .compensable, isObligation: true, dischargedBy: ["release.record"],
          summary: "put it into service"),
        retry: .once, resources: ["work tree", "services", "release"], obligation: "another release is deployed"),
      crashPoints: DeployStep.crashPoints
    ) { _, _, drivers in DeployStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        StepSignature(
          uses: "release.record", kind: .forward, summary: "record that it was verified healthy"),
        retry: RetryPolicy(attempts: 5, backoff: .seconds(1), maxBackoff: .seconds(10)))
    ) { _, _, _ in RecordReleaseStep() },
  ]

  /// For another git that holds the index for a moment.
  private static let gitRetry = RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(5))
}
