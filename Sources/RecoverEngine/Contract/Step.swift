package import RecoverBase
package import RecoverCore

/// One kind of step, bound to its drivers: what `RecoverSteps` implements and the runner performs.
///
/// Every call is idempotent: a runner may die after any of them, and the next one calls again. Calls that
/// block do so on a thread of their own (``BlockingThread``).
package protocol Step: Sendable {
  /// Whether a pause or a cancel may end ``perform(_:)`` before its time; it then throws `interrupted` and
  /// leaves work that ``repair(_:)`` completes.
  var isInterruptible: Bool { get }

  /// Why the step does not apply to this run; nil when it does. Asked once a run.
  func guardReason(_ context: StepContext) async throws -> String?

  /// Whether the step's effect is in the world, asked before every attempt.
  func probe(_ context: StepContext) async throws -> ProbeResult

  /// What is there before the first attempt, at most 64 KiB as JSON; undo restores it.
  func observe(_ context: StepContext) async throws -> JSONValue

  /// Acts, and makes the effect durable.
  ///
  /// - Returns: evidence, for later steps and for people.
  func perform(_ context: StepContext) async throws -> JSONValue

  /// Completes half of the effect that a dead runner left.
  func repair(_ context: StepContext) async throws -> JSONValue

  /// Whether the postcondition holds.
  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict

  /// Whether an effect whose undo was begun is gone.
  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult

  /// Takes the effect back and checks that what was there before is back; tolerates that it is gone.
  func undo(_ context: StepContext) async throws -> JSONValue
}

/// What most steps need not say.
extension Step {
  package var isInterruptible: Bool { false }
  package func guardReason(_ context: StepContext) async throws -> String? { nil }
  package func probe(_ context: StepContext) async throws -> ProbeResult { .notDone }
  package func observe(_ context: StepContext) async throws -> JSONValue { .null }
  package func repair(_ context: StepContext) async throws -> JSONValue { try await perform(context) }
  package func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict { .holds }
  package func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .present }
  package func undo(_ context: StepContext) async throws -> JSONValue { .null }
}
