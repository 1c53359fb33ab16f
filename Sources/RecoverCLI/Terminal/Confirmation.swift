internal import RecoverBase
internal import RecoverCore

/// Whether a plan is confirmed: pure.
enum Confirmation {
  enum Decision: Sendable {
    case confirmed
    /// Confirmed when the person answers exactly this.
    case ask(question: String, answer: String)
    case refused(RecoverError)
  }

  /// Whether a plan is confirmed by its target's name, and not by `--yes`.
  static func isTyped(_ plan: Plan) -> Bool {
    plan.environment.needsTypedConfirmation || dropsTarget(plan) || isUnverified(plan)
  }

  /// Whether it goes back to a release that was never seen healthy.
  static func isUnverified(_ plan: Plan) -> Bool {
    plan.procedure == "rollback" && plan.bindings["wasVerified"]?.bool == false
  }

  /// Whether the target is dropped before its replacement is proved.
  static func dropsTarget(_ plan: Plan) -> Bool { plan.steps.contains { $0.uses == "database.drop-live" } }

  /// `--yes` suffices where nothing says production; there the target's name has to be typed, or given with
  /// `--confirm`.
  ///
  /// - Parameter dropsTarget: the target is dropped before its replacement is proved: then `--yes` says too little
  ///   everywhere.
  /// - Parameter isUnverified: the release that is gone back to was never verified healthy: the same.
  static func decide(
    environment: Environment, target: String, dropsTarget: Bool = false, isUnverified: Bool = false, yes: Bool,
    confirm: String?, mayAsk: Bool
  ) -> Decision {
    if let confirm {
      guard confirm == target else {
        return .refused(
          RecoverError(
            .notConfirmed, "--confirm \(confirm) does not name the target, which is \(target)",
            hint: "check that this is the one you mean"))
      }
      return .confirmed
    }
    if dropsTarget, yes {
      return .refused(
        RecoverError(
          .notConfirmed, "--in-place drops the live database: that wants more than --yes, the target's name",
          hint: "confirm with --confirm \(target)"))
    }
    if isUnverified, yes {
      return .refused(
        RecoverError(
          .notConfirmed, "this release was never verified healthy: that wants more than --yes, the deployment's name",
          hint: "confirm with --confirm \(target); recover releases lists those that were verified"))
    }
    if dropsTarget || isUnverified || environment.needsTypedConfirmation {
      if mayAsk { return .ask(question: "type the name of the target to go on (\(target)): ", answer: target) }
      return .refused(
        RecoverError(
          .notConfirmed,
          "\(dropsTarget ? "--in-place" : isUnverified ? "a release that was never verified" : "production")"
            + " wants more than --yes: the target's name",
          hint: "confirm with --confirm \(target)"
        ))
    }
    if yes { return .confirmed }
    if mayAsk { return .ask(question: "type yes to go on: ", answer: "yes") }
    return .refused(
      RecoverError(.notConfirmed, "the plan was not confirmed", hint: "look at it with --plan, confirm it with --yes"))
  }
}
