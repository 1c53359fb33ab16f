internal import RecoverBase
package import RecoverCore
internal import RecoverPolicy
internal import RecoverSteps

/// The db procedure that the binary ships, planned from its own step definitions, as the simulation performs it.
///
/// Order, kinds, resources and debts are the real ones, so that a mistake in them is found here; patience is the
/// simulation's own, as a procedure may write it, and so are a finalizer and, where it is asked for, an approval.
package enum SimulatedProcedure {
  /// What varies.
  package struct Options: Sendable, Hashable {
    /// Whether somebody must approve before the application is stopped.
    package var needsApproval = false
    /// `--serve all`: the application is stopped only for the swap.
    package var stopsLate = false
    package var onExhausted = ProcedureStep.OnExhausted.fail

    package init(needsApproval: Bool = false, stopsLate: Bool = false, onExhausted: ProcedureStep.OnExhausted = .fail) {
      self.needsApproval = needsApproval
      self.stopsLate = stopsLate
      self.onExhausted = onExhausted
    }
  }

  /// A planted secret, which no record may hold (I12).
  package static let canary = "canary-7f3a"

  private static let retry = RetryPolicy(attempts: 3, backoff: .seconds(1), maxBackoff: .seconds(4))

  private static let announcement = StepTemplate(
    StepSignature(uses: "run.announce", kind: .finalizer, summary: "announce the end of the run"))

  package static func plan(_ options: Options = Options()) throws -> Plan {
    guard var procedure = try BuiltInProcedures.load()["db"] else {
      throw SimulationFailure("the binary ships no procedure db")
    }
    if options.needsApproval {
      let approval = ProcedureStep(
        id: "approve", uses: StepSignature.waitForApproval, with: ["message": "go on?", "within": "20s"])
      procedure.steps.insert(approval, at: procedure.steps.firstIndex { $0.id == "stop" } ?? 0)
    }
    procedure = ServeOrder.arrange(procedure, for: options.stopsLate ? .all : .none)
    procedure.steps.append(ProcedureStep(id: "announce", uses: announcement.signature.uses))
    for index in procedure.steps.indices {
      procedure.steps[index].retry = retry
      procedure.steps[index].timeout = .seconds(60)
      procedure.steps[index].deadline = .seconds(600)
      procedure.steps[index].onExhausted = options.onExhausted
    }
    return try Planner(templates: StepLibrary.templates + [announcement]).plan(
      procedure, target: Target(kind: .database, identity: "sim/app", name: "app"), environment: .staging,
      bindings: .null)
  }
}
