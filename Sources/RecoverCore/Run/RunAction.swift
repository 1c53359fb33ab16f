package import RecoverBase

/// What the runner has to do next; indexes are those of the plan's steps.
package enum RunAction: Sendable, Hashable {
  /// Ask the step whether it applies.
  case evaluateGuard(step: Int)
  /// Ask the world whether the step's effect is there.
  case probe(step: Int)
  /// Act: the intent is durable.
  case perform(step: Int, attempt: Int, isRepair: Bool)
  /// Ask the world whether the step's effect is gone.
  case probeUndo(step: Int)
  /// Take the effect back: the undo intent is durable.
  case undo(step: Int, attempt: Int)
  /// Do nothing until the time.
  case wait(until: WallTime)
  /// Wait until somebody approves or rejects, at most until the time.
  case awaitApproval(step: Int, until: WallTime)
  /// Journal a transition that needs no act.
  case record(RunEvent)
  /// Nothing is left for a runner to do.
  case stop
}

/// What a probe says about a step's effect.
package enum ProbeResult: Sendable, Hashable {
  /// The effect is there, whole and durable; with what the step would have left as evidence.
  case done(JSONValue)
  case notDone
  /// Half of it is there; `repair` can complete it.
  case partial(String)
  /// Nobody can tell for now.
  case unknown(String)
}

/// What a probe says about a step whose undo is wanted.
package enum UndoProbeResult: Sendable, Hashable {
  /// The effect is gone, and what was there before is back.
  case absent
  case present
  case unknown(String)
}
