internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension StepContext {
  /// The bindings of the plan, as the type that a family of steps reads.
  ///
  /// - Throws: ``RecoverError`` `journal` for bindings that a newer recover wrote.
  func bindings<Bindings: Decodable>(_ type: Bindings.Type) throws -> Bindings {
    do {
      return try plan.bindings.decoded(as: type)
    } catch {
      throw RecoverError(.journal, "the plan's bindings can't be read", underlying: error)
    }
  }

  /// What the plan's step with this definition left as evidence.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` when no such step came before.
  func evidence<Evidence: Decodable>(of uses: String, as type: Evidence.Type) throws -> Evidence {
    let step = plan.steps.first { $0.uses == uses && outputs[$0.id] != nil }
    guard let step, let output = outputs[step.id] else {
      throw RecoverError(
        .policyInvalid, "step \(self.step.id) needs a step that uses \(uses) before it in procedure \(plan.procedure)")
    }
    return try output.decoded(as: type)
  }

  /// Whether a step with this definition was ever intended in the run.
  func wasIntended(_ uses: String) -> Bool {
    plan.steps.contains { $0.uses == uses && snapshots[$0.id] != nil }
  }
}
