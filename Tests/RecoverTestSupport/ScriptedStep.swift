package import RecoverBase
package import RecoverCore
package import RecoverEngine

/// A step whose answers are closures; without one, it is a step that does nothing and succeeds.
package struct ScriptedStep: Step {
  package var isInterruptible = false
  package var guarding: @Sendable (StepContext) async throws -> String? = { _ in nil }
  package var probing: @Sendable (StepContext) async throws -> ProbeResult = { _ in .notDone }
  package var observing: @Sendable (StepContext) async throws -> JSONValue = { _ in .null }
  package var performing: @Sendable (StepContext) async throws -> JSONValue = { _ in .null }
  package var verifying: @Sendable (StepContext) async throws -> Verdict = { _ in .holds }
  package var probingUndo: @Sendable (StepContext) async throws -> UndoProbeResult = { _ in .present }
  package var undoing: @Sendable (StepContext) async throws -> JSONValue = { _ in .null }

  package init(isInterruptible: Bool = false) { self.isInterruptible = isInterruptible }

  package func guardReason(_ context: StepContext) async throws -> String? { try await guarding(context) }
  package func probe(_ context: StepContext) async throws -> ProbeResult { try await probing(context) }
  package func observe(_ context: StepContext) async throws -> JSONValue { try await observing(context) }
  package func perform(_ context: StepContext) async throws -> JSONValue { try await performing(context) }
  package func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    try await verifying(context)
  }
  package func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { try await probingUndo(context) }
  package func undo(_ context: StepContext) async throws -> JSONValue { try await undoing(context) }
}

/// Scripted steps by the ids of a plan's steps.
package struct ScriptedCatalog: StepCatalog {
  private let steps: [String: ScriptedStep]

  package init(_ steps: [String: ScriptedStep]) { self.steps = steps }

  /// A catalog with one step that is set up by a closure.
  package init(_ id: String, isInterruptible: Bool = false, _ body: (inout ScriptedStep) -> Void) {
    var step = ScriptedStep(isInterruptible: isInterruptible)
    body(&step)
    steps = [id: step]
  }

  package func step(for planned: PlannedStep, of plan: Plan) throws -> any Step {
    steps[planned.id] ?? ScriptedStep()
  }
}
