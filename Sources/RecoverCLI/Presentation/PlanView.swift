internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// A plan as a person reads it before saying yes: pure.
enum PlanView {
  /// - Parameters:
  ///   - safetySpace: what is free where a safety dump goes; nil where that is not known.
  ///   - isColored: whether a terminal shows what destroys in red.
  static func text(_ plan: Plan, hash: Digest, safetySpace: ByteCount? = nil, isColored: Bool = false) -> String {
    var lines = ["\(plan.procedure): \(plan.target.kind.rawValue) \(plan.target.name) (\(plan.environment.rawValue))"]
    if let bindings = try? plan.bindings.decoded(as: DatabaseBindings.self) {
      lines += facts(bindings)
      lines += warning(bindings, safetySpace).map { isColored && !$0.isEmpty ? "\u{1B}[1;31m\($0)\u{1B}[0m" : $0 }
    }
    lines += ["", steps(plan), "", "plan \(hash)"]
    return lines.joined(separator: "\n")
  }

  private static func facts(_ bindings: DatabaseBindings) -> [String] {
    let live = bindings.liveOID.map { oid in
      let meanwhile =
        bindings.undoes != nil
        ? "closed for the swap"
        : bindings.inPlace != nil ? "dumped, DROPPED, and made anew" : serving(bindings.serve)
      return "\(bindings.name), OID \(oid); \(meanwhile)"
    }
    var lines = [
      source(bindings),
      "  server    \(bindings.serverText)",
      "  live      \(live ?? "there is no \(bindings.name) yet: it is created")",
    ]
    if !bindings.services.isEmpty {
      lines.append("  services  stopped and started: " + bindings.services.map(\.name).joined(separator: ", "))
    }
    if !bindings.health.isEmpty {
      lines.append("  health    must pass: " + bindings.health.map(\.name).joined(separator: ", "))
    }
    if bindings.inPlace != nil {
      lines.append("  after     the safety dump is kept for \(bindings.keepPrevious.text)")
    } else if bindings.liveOID != nil {
      lines.append(
        "  after     the previous database is kept for \(bindings.keepPrevious.text); recover undo swaps it back")
    }
    return lines
  }

  /// What differs in place: the one thing that nobody may read over.
  private static func warning(_ bindings: DatabaseBindings, _ space: ByteCount?) -> [String] {
    guard let path = bindings.safetyDumpPath(run: nil) else { return [] }
    let free = space.map { "; \($0) free there" } ?? ""
    return [
      "",
      "  WARNING   the live database is dropped before the replacement is proved;",
      "            the way back is the safety dump at \(path)\(free)",
    ]
  }

  /// Where the content comes from: an undo reads no backup.
  private static func source(_ bindings: DatabaseBindings) -> String {
    if let run = bindings.undoes { return "  undoes    run \(run): the database from before it is swapped in" }
    let modified = WallTime(microseconds: bindings.backup.modifiedNanoseconds / 1000)
    return "  backup    \(bindings.backup.path), \(ByteCount(bindings.backup.sizeBytes)), written \(modified)"
  }

  private static func serving(_ mode: ServeMode) -> String {
    switch mode {
    case .none: "closed while its replacement is loaded"
    case .readOnly: "answers reads while its replacement is loaded, closed for the swap"
    case .all: "serves until the swap; what is written meanwhile stays in the previous copy"
    }
  }

  private static func steps(_ plan: Plan) -> String {
    let summaries = Dictionary(
      StepLibrary.templates.map { ($0.signature.uses, $0.signature.summary) }, uniquingKeysWith: { first, _ in first })
    var table = TextTable(headings: ["#", "STEP", "WHAT IT DOES", "IF A LATER STEP FAILS"])
    for (index, step) in plan.steps.enumerated() {
      table.add(["\(index + 1)", step.id, summaries[step.uses] ?? step.uses, consequence(of: step)])
    }
    return table.text
  }

  private static func consequence(of step: PlannedStep) -> String {
    switch step.kind {
    case .readonly: "nothing to undo"
    case .compensable: "undone"
    case .pivot: "no way back after this"
    case .forward: "tried again, never undone"
    case .finalizer: "runs in any case"
    }
  }
}
