internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension SimulatedProcess {
  /// Changes the world in one atomic act of a step, crossed before and after, and checks what must always hold.
  func effect(
    _ context: StepContext, _ direction: SimulatedEffect.Direction, _ name: String,
    _ change: @Sendable (inout SimulatedWorld) throws -> Void
  ) async throws {
    let point = "\(direction.rawValue) \(context.step.id).\(name)"
    try await cross("before \(point)")
    let effect = SimulatedEffect(
      pid: pid, epoch: context.epoch, step: context.step.id, direction: direction, name: name,
      recordCount: simulation.store.recordCount(of: context.run))
    try simulation.change { try $0.apply(effect, change) }
    try await cross("after \(point)")
  }
}

extension SimulatedWorld {
  /// Makes one effect; the first rule that it breaks is kept in ``violation``.
  mutating func apply(_ effect: SimulatedEffect, _ change: (inout SimulatedWorld) throws -> Void) throws {
    var broken: String?
    if let last = effects.last, last.epoch > effect.epoch {
      broken = "I5: epoch \(effect.epoch) acted after epoch \(last.epoch)"
    }
    if let child = children.first(where: { $0.epoch < effect.epoch && !$0.isGated }) {
      broken = "I5: epoch \(effect.epoch) acted while a child of epoch \(child.epoch) lived"
    }
    if effect.direction == .undo, acceptedBy != nil { broken = "I4: undo after the pivot" }
    try change(&self)
    effects.append(effect)
    if let rule = broken ?? brokenRule, violation == nil {
      violation = "\(rule) (at \(effect.direction.rawValue) \(effect.step).\(effect.name), epoch \(effect.epoch))"
    }
  }
}
