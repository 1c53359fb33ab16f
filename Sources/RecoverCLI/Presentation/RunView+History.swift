internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

extension RunView {
  /// The run, what it acts on, its steps with what they found, its debts and its timeline.
  static func text(_ history: History, isInterrupted: Bool, isVerbose: Bool, place: CommandPlace) throws -> String {
    let machine = history.machine
    let findings = RunFindings(zip(history.records, history.events))
    let report = RunReport(machine.plan, zip(history.records, history.events))
    var lines = try facts(history.run, machine, isInterrupted: isInterrupted, place)
    if let line = report.line { lines.append("report     \(line)") }
    lines += remains(RunRemains(machine))
    lines += debtLines(machine)
    lines += ["", steps(machine, findings), "", "TIMELINE"]
    var clock = StepClock()
    lines += zip(history.records, history.events).map { record, event in
      let took = clock.took(record, event)
      return timelineLine(record, event, took: took, since: history.records[0], isVerbose: isVerbose)
    }
    lines += ["", lastLine(run: history.run, machine: machine, place: place)]
    return lines.joined(separator: "\n")
  }

  private static func facts(_ run: RunID, _ machine: RunMachine, isInterrupted: Bool, _ place: CommandPlace) throws
    -> [String]
  {
    let plan = machine.plan
    var lines = [
      "run        \(run)",
      "procedure  \(plan.procedure) on \(plan.target.kind.rawValue) \(plan.target.name) (\(plan.environment.rawValue))",
      "plan       \(try plan.hash().hex)",
    ]
    if let bindings = try? plan.bindings.decoded(as: DatabaseBindings.self) { lines += facts(bindings) }
    if let bindings = try? plan.bindings.decoded(as: ReleaseBindings.self) { lines += facts(bindings) }
    if let bindings = try? plan.bindings.decoded(as: FilesBindings.self) { lines += FilesPlanView.history(bindings) }
    lines.append("state      \(isInterrupted ? "interrupted (\(machine.state.name))" : machine.state.name)")
    // What a run that succeeded met on its way is in the timeline.
    guard machine.state != .succeeded else { return lines }
    if let cause = machine.firstCause { lines += text(cause, "cause      ", place) }
    if let trouble = machine.trouble { lines += text(trouble, "then       ", place) }
    return lines
  }

  private static func text(_ cause: Cause, _ heading: String, _ place: CommandPlace) -> [String] {
    let hint = cause.hint.map { ["hint       \(TerminalText.safe(place.placed($0)))"] } ?? []
    return ["\(heading)\(cause.step.map { "\($0): " } ?? "")\(TerminalText.safe(cause.message))"] + hint
  }

  private static func facts(_ bindings: DatabaseBindings) -> [String] {
    let source =
      bindings.undoes.map { "undoes     run \($0)" }
      ?? "backup     \(TerminalText.safe(bindings.backup.path)), \(ByteCount(bindings.backup.sizeBytes))"
    return [source, "target     \(TerminalText.safe(bindings.url)) at \(bindings.serverText)"]
  }

  private static func facts(_ bindings: ReleaseBindings) -> [String] {
    let before = bindings.before.map { before in
      "\(before.commit.short) (\(before.commit.subject))" + (before.branch.map { " on branch \($0)" } ?? "")
    }
    return [
      "release    \(bindings.release.short) (\(bindings.release.subject))", "before     \(before ?? "nothing")",
      "place      \(bindings.directory(of: bindings.release))",
    ].map { TerminalText.safe($0) }
  }

  private static func remains(_ remains: RunRemains) -> [String] {
    var lines: [String] = []
    if let name = remains.previousDatabase {
      lines.append("previous   \(TerminalText.safe(name))" + (remains.keptUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let path = remains.safetyDump {
      lines.append("safety     \(TerminalText.safe(path))" + (remains.safetyUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let name = remains.failedDatabase {
      lines.append("failed     \(TerminalText.safe(name))" + (remains.failedUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let stash = remains.stash { lines.append("stash      \(stash) has what was put aside") }
    if let path = remains.keptTree {
      lines.append("previous   \(TerminalText.safe(path))" + (remains.treeUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let path = remains.failedTree {
      lines.append("failed     \(TerminalText.safe(path))" + (remains.treeUntil.map { ", kept until \($0)" } ?? ""))
    }
    for hook in remains.standing { lines.append("stands     what hook \(TerminalText.safe(hook)) did: it has no undo") }
    return lines
  }

  /// What is owed, each with the commands that pay it by hand.
  private static func debtLines(_ machine: RunMachine) -> [String] {
    guard machine.state != .succeeded else { return [] }
    return Debt.open(in: machine).flatMap { debt in
      ["owed       \(debt.text)"] + debt.payments.map { "  by hand  \(TerminalText.safe($0))" }
    }
  }

  private static func steps(_ machine: RunMachine, _ findings: RunFindings) -> String {
    var table = TextTable(headings: ["STEP", "KIND", "STATE", "ATTEMPTS", "TOOK", "FOUND"])
    for (planned, step) in zip(machine.plan.steps, machine.steps) {
      table.add([
        planned.id, planned.kind.rawValue, step.state.name, step.intentCount == 0 ? "" : "\(step.intentCount)",
        findings.took[planned.id].map(ElapsedText.text) ?? "",
        EvidenceText.words(findings.evidence[planned.id]) ?? "",
      ])
    }
    return table.text
  }

  private static func timelineLine(
    _ record: JournalRecord, _ event: RunEvent, took: Duration?, since first: JournalRecord, isVerbose: Bool
  ) -> String {
    let elapsed = (record.wallTime - first.wallTime).seconds
    let offset = "+\(Int(elapsed)).\(String(Int(elapsed * 1000) % 1000 + 1000).dropFirst())s"
    let text = TerminalText.safe(EventText.describe(event, took: took))
    let head = "\(record.wallTime) \(offset) epoch \(record.epoch) \(text)"
    guard isVerbose, let detail = EventText.detail(event) else { return head }
    return head + "\n    " + detail
  }

  /// `recover show --json`: each record as it was stored, then the summary.
  static func jsonLines(_ history: History, place: CommandPlace) throws -> [String] {
    try zip(history.records, history.events).map { try EventText.json($0, $1) }
      + [
        try summary(
          run: history.run, machine: history.machine,
          report: RunReport(history.machine.plan, zip(history.records, history.events)), place: place)
      ]
  }
}
