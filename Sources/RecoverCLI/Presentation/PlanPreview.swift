internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// What `--plan` finds out beyond the plan itself: it performs the readonly steps that come before any effect.
struct PlanPreview {
  let composition: Composition
  let global: GlobalOptions

  /// Performs them without a run: nothing is journaled.
  ///
  /// - Throws: what the steps refuse for, with its exit status.
  func inspect(_ plan: Plan, drivers: StepDrivers) async throws -> ExitStatus {
    let library = StepLibrary(drivers: drivers)
    let run = RunID(seconds: 0, random: 0)
    for planned in plan.steps {
      guard planned.kind == .readonly else { break }
      let context = StepContext(
        run: run, epoch: 0, plan: plan, step: planned, attempt: 1, snapshot: nil, outputs: [:], snapshots: [:],
        checkpoints: [:], directory: "\(composition.stateDirectory)/runs/preview", reporter: QuietReporter())
      let evidence = try await library.step(for: planned, of: plan).perform(context)
      if global.json {
        let line = JSONValue.object(["kind": "preview", "step": .string(planned.id), "evidence": evidence])
        StandardOutput.write(try JSONLines.line(line))
      } else if let report = try? evidence.decoded(as: InspectReport.self) {
        StandardOutput.write(InspectView.text(report))
      }
    }
    return try Answer(text: "nothing was changed").write(global)
  }
}

/// Reports to nobody.
private struct QuietReporter: StepReporter {
  func checkpoint(_ name: String, _ value: JSONValue) async throws {}
  func childStarted(_ child: JSONValue) async throws {}
  func progress(_ progress: Progress) {}
  func reach(_ point: String) {}
}
