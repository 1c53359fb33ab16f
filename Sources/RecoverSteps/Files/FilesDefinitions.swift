internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepLibrary {
  /// The steps of a restore of files, in their order, and those of its undo.
  static let filesDefinitions: [StepDefinition] = [
    StepDefinition(
      StepTemplate(
        files("files.inspect", .readonly, "check the archive, the target, the room, and what is replaced"), retry: .once
      )
    ) { _, _, drivers in FilesInspectStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.holders", .readonly, "check that nobody holds what is replaced"),
        retry: RetryPolicy(attempts: 5, backoff: .milliseconds(500), maxBackoff: .seconds(2)))
    ) { _, _, drivers in FilesHoldersStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.stage", .compensable, "extract the archive beside what it replaces, with owners and modes"),
        retry: .once, resources: ["side tree"]),
      crashPoints: StageFilesStep.crashPoints
    ) { _, _, drivers in StageFilesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.overlay", .compensable, "copy what the archive lacks into it, from what is live"),
        retry: RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(5)), resources: ["side tree"]),
      crashPoints: OverlayFilesStep.crashPoints
    ) { _, _, drivers in OverlayFilesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.prove", .readonly, "read all of it back, and compare contents, owners, modes, times and links"),
        retry: .once)
    ) { _, _, drivers in ProveFilesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.swap", .compensable, "exchange it with what is live, name by name"),
        retry: .once, resources: ["live tree", "side tree"]),
      crashPoints: SwapFilesStep.crashPoints
    ) { _, _, drivers in SwapFilesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.retire", .forward, "keep what was replaced until its retention ends"),
        retry: RetryPolicy(attempts: 6, backoff: .seconds(1), maxBackoff: .seconds(20)))
    ) { _, _, drivers in RetireFilesStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.inspect-undo", .readonly, "check that what was replaced is there"), retry: .once)
    ) { _, _, drivers in InspectFilesUndoStep(drivers: drivers) },
    StepDefinition(
      StepTemplate(
        files("files.adopt", .compensable, "take over what the undone run keeps"), retry: .once,
        resources: ["side tree"]),
      crashPoints: AdoptFilesStep.crashPoints
    ) { _, _, drivers in AdoptFilesStep(drivers: drivers) },
  ]

  private static func files(_ uses: String, _ kind: StepKind, _ summary: String) -> StepSignature {
    StepSignature(uses: uses, kind: kind, summary: summary)
  }
}
