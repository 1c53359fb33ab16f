internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// The next command to copy, for every state of a run: pure.
struct NextCommand {
  let run: RunID

  /// What to do next with a run that stands as it does; nil where nothing is left to do.
  func text(_ machine: RunMachine) -> String? {
    switch machine.state {
    case .succeeded:
      Self.canBeUndone(machine)
        ? "\(command("undo")) (\(Self.undoing(machine)), within the retention)"
        : safetyDump(machine) ?? releaseBefore(machine)
    case .rolledBack, .failedClean: command("show")
    case .abandoned: Self.isOfDatabase(machine) || Self.isOfFiles(machine) ? cleanup(machine) : command("show")
    case .paused: "\(command("resume")) (or \(command("cancel")), which goes back)"
    case .planned, .running, .compensating, .finalizing: command("resume")
    case .waiting: "\(command("approve")) (or \(command("reject")), which goes back)"
    case .needsOperator:
      "\(command("show")), then \(command("resume"))"
        + (Self.canGoBack(machine) ? " or \(command("compensate"))" : "")
    }
  }

  /// What can still be done about a run that has ended.
  func afterTheEnd(of machine: RunMachine) -> String {
    let look = "\(command("show")) tells how"
    return machine.state == .succeeded && Self.canBeUndone(machine)
      ? "\(look); \(command("undo")) \(Self.undoing(machine))"
      : look
  }

  /// How to go on after whatever ends this process.
  var resume: String { command("resume") }

  /// Drops the copy that an abandoned run left, after a look; its debts were told before.
  private func cleanup(_ machine: RunMachine) -> String {
    let url = machine.plan.bindings["url"]?.string.map { " --database \(ShellWord.quoted($0))" } ?? ""
    return "recover cleanup\(url) --abandoned (lists its copy; --yes drops it)"
  }

  private func command(_ verb: String) -> String { "recover \(verb) \(run)" }

  /// Whether a run in need of an operator may still be undone.
  private static func canGoBack(_ machine: RunMachine) -> Bool {
    if case .needsOperator(.finalizing) = machine.state { return false }
    return !machine.isPivotStanding
  }

  /// After a run in place the database of before is a file.
  private func safetyDump(_ machine: RunMachine) -> String? {
    let bindings = try? machine.plan.bindings.decoded(as: DatabaseBindings.self)
    return bindings?.safetyDumpPath(run: run).map {
      "recover db --from \(ShellWord.quoted($0)) (brings back what was live before, within the retention)"
    }
  }

  /// Deploys what was there before a rollback or a deployment.
  private func releaseBefore(_ machine: RunMachine) -> String? {
    guard let release = try? machine.plan.bindings.decoded(as: ReleaseBindings.self), let before = release.serving,
      before.id != release.release.id
    else { return nil }
    return
      "recover deploy \(ShellWord.quoted(release.name)) --to \(before.short) (brings back what was there before)"
  }

  /// Whether the run replaced a database that was there before, and kept it; or files, which can be taken out again as
  /// well.
  private static func canBeUndone(_ machine: RunMachine) -> Bool {
    isOfFiles(machine)
      || isOfDatabase(machine) && machine.plan.bindings["liveOID"]?.integer != nil
        && machine.plan.bindings["inPlace"] == nil && rows(machine)?["undone"] == nil
  }

  /// What an undo does.
  private static func undoing(_ machine: RunMachine) -> String {
    rows(machine) == nil ? "swaps back" : "deletes the inserted rows again"
  }

  /// Where rows were added to a live table, or taken back: how.
  private static func rows(_ machine: RunMachine) -> JSONValue? { machine.plan.bindings["exchange"]?["rows"] }

  private static func isOfFiles(_ machine: RunMachine) -> Bool { FilesUndoPlanner.undoes(machine.plan) }

  private static func isOfDatabase(_ machine: RunMachine) -> Bool { machine.plan.target.kind == .database }
}
