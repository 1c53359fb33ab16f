internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// A plan on its way to a run: shown, confirmed, journaled, performed.
struct PlannedRun {
  let composition: Composition
  let global: GlobalOptions
  let action: ActionOptions
  /// What `--plan` tells beside the plan, each one line.
  var remarks: [String] = []

  func confirmAndPerform(_ plan: Plan, drivers: StepDrivers) async throws -> ExitStatus {
    let hash = try plan.hash()
    let expected = ExpectedPlan(action.expectPlan)
    try expected?.check(hash)
    var drivers = drivers
    drivers.expectedNames = expected?.names
    if action.planOnly { return try await preview(plan, hash, drivers) }
    if !action.yes, !global.json, !global.quiet { StandardOutput.write(view(plan, hash)) }
    let person = try await confirm(plan, drivers)
    let store = try composition.makeStore()
    let presentation = RunPresentation(composition: composition, store: store, global: global)
    // Refused before anything is journaled: the plan can't be run at all in this environment.
    try presentation.check(plan, drivers: drivers)
    let run = RunID(seconds: WallTime.now.microseconds / 1_000_000, random: UInt32.random(in: 0..<1 << 20))
    try await store.create(run, plan: plan, at: RecordTimes(wall: .now, monotonic: .now))
    return try await presentation.perform(run, plan: plan, drivers: drivers, .start(confirmedBy: person))
  }

  private func view(_ plan: Plan, _ hash: Digest) -> String {
    let inPlace = (try? plan.bindings.decoded(as: DatabaseBindings.self))?.inPlace
    return PlanView.text(
      plan, hash: hash, now: .now, safetySpace: inPlace.flatMap { SafetyDirectory.freeSpace($0.safetyDirectory) },
      isColored: TerminalInfo.isLive)
  }

  /// `--plan`: the plan, and what its readonly first steps find.
  private func preview(_ plan: Plan, _ hash: Digest, _ drivers: StepDrivers) async throws -> ExitStatus {
    if global.json {
      let line = JSONValue.object([
        "kind": "plan", "hash": .string(hash.hex), "plan": try JSONValue(encoding: plan),
      ])
      StandardOutput.write(try JSONLines.line(line))
    } else {
      StandardOutput.write(view(plan, hash))
    }
    return try await PlanPreview(composition: composition, global: global, remarks: remarks)
      .inspect(plan, drivers: drivers) { names in
        CopiedCommand.confirmed(
          Array(CommandLine.arguments.dropFirst()), plan: plan, expecting: ExpectedPlan(hash, names: names))
      }
  }

  /// Who confirmed, or an error that says how to; who is asked sees first what the run would change, and what it costs.
  private func confirm(_ plan: Plan, _ drivers: StepDrivers) async throws -> String {
    let person = ProcessEnvironment.userName
    let dropsTarget = Confirmation.dropsTarget(plan)
    switch Confirmation.decide(
      environment: plan.environment, target: plan.target.name, dropsTarget: dropsTarget,
      isUnverified: Confirmation.isUnverified(plan), yes: action.yes,
      confirm: action.confirm,
      mayAsk: !global.noInput && !global.json)
    {
    case .confirmed: return person
    case .refused(let error): throw error
    case .ask(let question, let answer):
      if Question.canBeAsked(global) {
        try await PlanPreview(composition: composition, global: global, remarks: remarks).show(plan, drivers: drivers)
      }
      let typed = try Question.ask(
        question, global,
        otherwise: Confirmation.isTyped(plan)
          ? "confirm with --confirm \(plan.target.name)" : "confirm with --yes")
      guard typed == answer else {
        throw RecoverError(
          .notConfirmed, "the plan was not confirmed; nothing was changed", hint: "the answer would have been \(answer)"
        )
      }
      return person
    }
  }
}

/// What `--expect-plan` says: how a plan's hash begins, and behind a dash which names it would change, where the plan was one
/// of files.
struct ExpectedPlan {
  let text: String

  init?(_ text: String?) {
    guard let text else { return nil }
    self.text = text
  }

  init(_ hash: Digest, names: String?) { text = hash.short + (names.map { "-\($0)" } ?? "") }

  private var hash: String { text.prefix { $0 != "-" }.lowercased() }

  /// Nil where it does not say.
  var names: String? { text.contains("-") ? text.drop { $0 != "-" }.dropFirst().lowercased() : nil }

  /// - Throws: ``RecoverError`` `drifted` for another plan.
  func check(_ found: Digest) throws {
    guard !found.hex.hasPrefix(hash) || hash.count < 8 else { return }
    throw RecoverError(
      .drifted, "the plan's hash is \(found), not \(text)",
      hint: "something changed since it was made: look at it with --plan and confirm the new one")
  }
}
