package import RecoverCore

/// The names of the points at which a run of a plan can be made to crash.
package enum CrashPointNames {
  /// Every point there is: before and after each record that the run may journal, and inside its steps.
  ///
  /// - Parameter inside: the points inside a step, without the step's name.
  package static func all(of plan: Plan, inside: (PlannedStep) -> [String]) -> Set<String> {
    var records = ofRun + ofRunAtStep
    var names: Set<String> = []
    for step in plan.steps {
      records += (ofStep + ofRunAtStep).map { "\($0).\(step.id)" }
      names.formUnion(inside(step).map { "\(step.id).\($0)" })
    }
    for record in records { names.formUnion([record, "before-\(record)"]) }
    return names
  }

  /// Records about the run alone; `planned` is journaled before there is a runner.
  private static let ofRun = [
    "started", "resumed", "completed", "compensated", "finished", "compensate-requested", "abandoned",
    "request-ignored",
  ]
  /// Records with a cause, which may be a step's.
  private static let ofRunAtStep = ["paused", "failing", "stuck", "refused"]
  private static let ofStep = [
    "checkpoint", "child-started", "approval-requested", "approved", "step-guarded", "step-adopted", "step-obstructed",
    "step-intended", "step-succeeded", "step-attempt-failed", "step-probed-unknown", "step-suspended", "step-failed",
    "step-undo-intended", "step-undone", "step-undo-attempt-failed", "step-undo-failed",
  ]
}
