/// What a step may do to the world, and so what becomes of it when a later step fails.
///
/// The raw value is written to plans and to the journal. "Effect" means the intent of a step whose kind is
/// not ``readonly``.
package enum StepKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// Looks and judges; changes nothing, so there is nothing to undo.
  case readonly
  /// Changes the world and can take it back: undone in reverse order when a later step fails.
  case compensable
  /// The point of no return, at most one a procedure: once it is intended, nothing before it is undone.
  case pivot
  /// Comes after the pivot: retried until it holds, never undone.
  case forward
  /// Runs on every way out, whatever happened before it.
  case finalizer
}

extension StepKind {
  /// Whether intending a step of this kind may change the world.
  package var hasEffect: Bool { self != .readonly }

  /// Whether a step of this kind is undone when a later one fails before the pivot.
  package var isUndone: Bool { self == .compensable }
}
