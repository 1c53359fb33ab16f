internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// What `--plan` finds out beyond the plan itself: it performs the readonly steps that come before any effect, and
/// tells how long the rest took before.
struct PlanPreview {
  let composition: Composition
  let global: GlobalOptions
  /// What the command knows beside its plan, each one line.
  var remarks: [String] = []

  /// Shows it, and ends the command with what to type next.
  ///
  /// - Parameter next: the command that does what the plan says; told the digest of names that a plan of files would
  ///   change.
  func inspect(_ plan: Plan, drivers: StepDrivers, next: (String?) -> String) async throws -> ExitStatus {
    let names = try await show(plan, drivers: drivers)
    return try Answer(text: "nothing was changed; next: \(next(names))").write(global)
  }

  /// Performs the steps without a run, and shows what they found: nothing is journaled.
  ///
  /// - Returns: the digest of the names that a plan of files would change.
  /// - Throws: what the steps refuse for, with its exit status; `claimed` while another run holds the target.
  @discardableResult
  func show(_ plan: Plan, drivers: StepDrivers) async throws -> String? {
    let store = try composition.existingStore()
    try await requireUnclaimed(plan, store)
    let library = StepLibrary(drivers: drivers)
    var report: InspectReport?
    var names: String?
    for planned in plan.steps {
      guard planned.kind == .readonly, Self.inspections.contains(where: planned.uses.hasPrefix) else { break }
      let evidence = try await library.step(for: planned, of: plan).perform(context(planned, plan))
      report = try? evidence.decoded(as: InspectReport.self)
      names = (try? evidence.decoded(as: FilesReport.self))?.namesDigest ?? names
      if global.json {
        var row: [String: JSONValue] = ["kind": "preview", "step": .string(planned.id), "evidence": evidence]
        if let names { row["names"] = .string(names) }
        try write(row)
      } else if let report {
        StandardOutput.write(InspectView.text(report))
      } else if let report = try? evidence.decoded(as: ReleaseReport.self) {
        StandardOutput.write(ReleasePlanView.text(report))
      } else if let text = FilesPlanView.inspection(evidence) {
        StandardOutput.write(text)
      }
    }
    for remark in remarks where !global.json { StandardOutput.write("note: \(TerminalText.safe(remark))") }
    try tellCosts(plan, report, past: await PastRun.newest(in: store))
    return names
  }

  /// What the names of steps that only look begin with; a preview performs those.
  private static let inspections = ["database.inspect", "files.inspect", "release.inspect"]

  private func requireUnclaimed(_ plan: Plan, _ store: (any RunStore)?) async throws {
    guard let run = try await store?.runs(of: plan.target.key).first(where: { !$0.isTerminal }) else { return }
    throw RecoverError(
      .claimed, "\(plan.target.name) is claimed by run \(run.run), which is \(run.state)",
      hint: "recover show \(run.run) tells more; recover resume \(run.run) goes on, recover cancel \(run.run) goes back"
    )
  }

  private func context(_ planned: PlannedStep, _ plan: Plan) -> StepContext {
    StepContext(
      run: RunID(seconds: 0, random: 0), epoch: 0, plan: plan, step: planned, attempt: 1, snapshot: nil, outputs: [:],
      snapshots: [:], checkpoints: [:], directory: "\(composition.stateDirectory)/runs/preview",
      reporter: QuietReporter())
  }

  /// How long it takes, and what is lost meanwhile.
  private func tellCosts(_ plan: Plan, _ report: InspectReport?, past: [PastRun]) throws {
    guard let bindings = try? plan.bindings.decoded(as: DatabaseBindings.self) else { return }
    let bytes = bindings.undoes == nil ? report?.dumpBytes : nil
    let estimate = TimeEstimate(plan, bytes: bytes, past: past, skipping: PlanSteps.skipped(plan))
    let costs = CostView(bindings: bindings, estimate: estimate, report: report)
    if global.json {
      try write(costs.row)
    } else {
      StandardOutput.write("\n\(bindings.undoes == nil ? costs.text : costs.undoText)")
    }
  }

  private func write(_ row: [String: JSONValue]) throws { StandardOutput.write(try JSONLines.line(.object(row))) }
}

/// Reports to nobody.
private struct QuietReporter: StepReporter {
  func checkpoint(_ name: String, _ value: JSONValue) async throws {}
  func childStarted(_ child: JSONValue) async throws {}
  func progress(_ progress: Progress) {}
  func reach(_ point: String) {}
}
