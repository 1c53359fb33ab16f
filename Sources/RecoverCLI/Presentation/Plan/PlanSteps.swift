internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// The steps of a plan as a table: what each one does, with its commands, and what becomes of that: pure.
struct PlanSteps {
  private let plan: Plan
  private let database: DatabaseBindings?
  private let release: ReleaseBindings?
  private let services: [NamedService]
  private let health: [NamedHealth]

  private init(_ plan: Plan) {
    self.plan = plan
    database = try? plan.bindings.decoded(as: DatabaseBindings.self)
    release = try? plan.bindings.decoded(as: ReleaseBindings.self)
    let custom = try? plan.bindings.decoded(as: CustomBindings.self)
    let files = try? plan.bindings.decoded(as: FilesBindings.self)
    services = database?.services ?? release?.services ?? files?.services ?? custom?.services ?? []
    health = database?.health ?? release?.health ?? files?.health ?? custom?.health ?? []
  }

  static func table(_ plan: Plan) -> String {
    let steps = PlanSteps(plan)
    var table = TextTable(headings: ["#", "STEP", "WHAT IT DOES", "IF A LATER STEP FAILS"])
    for (index, step) in plan.steps.enumerated() {
      let (deed, consequence) = steps.row(step)
      table.add(["\(index + 1)", step.id, PlanView.oneLine(deed), consequence])
    }
    return table.text
  }

  /// What the steps use that the plan has nothing to do for.
  static func skipped(_ plan: Plan) -> Set<String> {
    let steps = PlanSteps(plan)
    return Set(plan.steps.filter { steps.skipReason($0) != nil }.map(\.uses))
  }

  private static let summaries = Dictionary(
    StepLibrary.templates.map { ($0.signature.uses, $0.signature.summary) }, uniquingKeysWith: { first, _ in first })

  private func row(_ step: PlannedStep) -> (deed: String, consequence: String) {
    if let reason = skipReason(step) { return ("nothing: \(reason)", "") }
    return (deed(step), consequence(step))
  }

  /// Why the step will be skipped, as far as the plan tells.
  private func skipReason(_ step: PlannedStep) -> String? {
    switch step.uses {
    case "services.stop", "services.start":
      names(step, "services", services.map(\.name)).isEmpty
        ? "no services are named" : nil
    case "health.check": names(step, "health", health.map(\.name)).isEmpty ? "no health checks are named" : nil
    case "hooks.after-restore": database?.hooks.isEmpty ?? false ? "the policy has no after-restore hooks" : nil
    case "database.fence": isNew ? "there is no live database yet" : nil
    case "database.retire-previous": isNew ? "there was no database before" : nil
    case "release.stash": release?.mayStash == false ? "without --stash the work tree has to be clean" : nil
    case "release.build": release.map { $0.build == nil } ?? false ? "the policy has no build command" : nil
    default: nil
    }
  }

  private var isNew: Bool { database.map { $0.liveOID == nil } ?? false }

  private func deed(_ step: PlannedStep) -> String {
    let summary = Self.summaries[step.uses] ?? step.uses
    switch step.uses {
    case "shell": return "run `\(command(step, "run"))`"
    case "sql":
      let database = step.with["database"]?.string.map { " in database \($0)" } ?? ""
      return "run SQL\(database): `\(step.with["run"]?.string ?? "")`"
    case "http": return "ask \(step.with["url"]?.string ?? "") and check its answer"
    case StepSignature.waitForApproval:
      guard let terms = step.approval else { return summary }
      return "\(summary), at most \(terms.within.text): \(terms.message)"
    case "services.stop": return "stop \(names(step, "services", services.map(\.name)).joined(separator: ", "))"
    case "services.start":
      return "start \(names(step, "services", services.map(\.name)).reversed().joined(separator: ", "))"
    case "health.check":
      return "wait until \(names(step, "health", health.map(\.name)).joined(separator: ", ")) passes"
    case "hooks.after-restore":
      return "run \((database?.hooks ?? []).map { "`\($0.name)`" }.joined(separator: ", ")) before any traffic"
    case "database.verify":
      let count = database?.assertions.count ?? 0
      return count == 0
        ? "prove rows and objects" : "prove rows, objects and \(count) assertion\(count == 1 ? "" : "s")"
    case "release.checkout", "release.build", "release.deploy": return releaseDeed(step) ?? summary
    default: return summary
    }
  }

  private func releaseDeed(_ step: PlannedStep) -> String? {
    guard let release else { return nil }
    switch step.uses {
    case "release.checkout":
      return release.releases == nil
        ? "check \(release.release.short) out, detached"
        : "check it out in \(release.directory(of: release.release))"
    case "release.build": return release.build.map { "run `\(CommandText.of($0))`, while what is there serves on" }
    case "release.deploy":
      let run = "run `\(CommandText.of(release.deploy))`"
      return release.currentLink.map { "switch \($0), \(run)" } ?? run
    default: return nil
    }
  }

  private func releaseUndo(_ step: PlannedStep) -> String? {
    guard let release, let before = release.before else { return nil }
    switch step.uses {
    case "release.stash": return "the changes come back"
    case "release.checkout":
      return release.releases == nil ? "\(before.branch ?? before.commit.short) is checked out again" : "removed"
    case "release.build":
      return release.releases == nil ? "\((release.serving ?? before.commit).short) is built again" : "removed with it"
    case "release.deploy":
      return release.releases == nil
        ? "\((release.serving ?? before.commit).short) is built and deployed again"
        : "\(before.commit.short) is deployed again"
    default: return nil
    }
  }

  private func consequence(_ step: PlannedStep) -> String {
    switch step.kind {
    case .readonly: return "nothing to undo"
    case .compensable: return undo(step)
    case .pivot: return "no way back after this"
    case .forward: return "tried again, never undone"
    case .finalizer: return "runs in any case"
    }
  }

  private func undo(_ step: PlannedStep) -> String {
    switch step.uses {
    case "shell":
      return step.with["undo"] == nil ? "stands: it has no undo" : "undone by `\(command(step, "undo"))`"
    case "sql":
      return step.with["undo"]?.string.map { "undone by `\(PlanView.oneLine($0))`" } ?? "stands: it has no undo"
    case "hooks.after-restore":
      let standing = (database?.hooks ?? []).filter {
        if case .shell(let shell) = $0.action { shell.undo == nil } else { false }
      }
      return standing.isEmpty
        ? "undone" : "undone, but for \(standing.map { "`\($0.name)`" }.joined(separator: ", "))"
    default: return releaseUndo(step) ?? "undone"
    }
  }

  private func command(_ step: PlannedStep, _ parameter: String) -> String {
    guard let value = step.with[parameter], let invocation = try? value.decoded(as: Invocation.self) else { return "" }
    return PlanView.oneLine(CommandText.of(invocation))
  }

  /// The names that the step's parameter lists, else all.
  private func names(_ step: PlannedStep, _ parameter: String, _ all: [String]) -> [String] {
    step.with[parameter]?.array?.compactMap(\.string) ?? all
  }
}
