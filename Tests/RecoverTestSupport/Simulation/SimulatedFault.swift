package import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What goes wrong when a step is asked for something, and how often.
package struct SimulatedFault: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// The call throws before it did anything.
    case refused(RecoverError.Code)
    /// The call throws after it did everything.
    case failedAfter(RecoverError.Code)
    /// A probe can't tell; a postcondition does not hold.
    case negative
  }

  package var kind: Kind
  /// How many more times; nil for ever.
  package var remaining: Int?

  package init(_ kind: Kind, times: Int? = nil) {
    self.kind = kind
    remaining = times
  }
}

extension SimulatedWorld {
  /// Takes the fault of an operation, if one is due.
  fileprivate mutating func takeFault(_ key: String, where matches: (SimulatedFault.Kind) -> Bool) -> SimulatedFault? {
    guard let fault = faults[key], fault.remaining != 0, matches(fault.kind) else { return nil }
    if let remaining = fault.remaining { faults[key]?.remaining = remaining - 1 }
    return fault
  }
}

/// A step whose calls fail as the world's faults say.
struct FaultyStep: Step {
  let base: any Step
  let process: SimulatedProcess

  var isInterruptible: Bool { base.isInterruptible }

  func guardReason(_ context: StepContext) async throws -> String? {
    try await calling("guard", context) { try await base.guardReason(context) }
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    if isNegative("probe", context) { return .unknown("nobody can tell") }
    return try await calling("probe", context) { try await base.probe(context) }
  }

  func observe(_ context: StepContext) async throws -> JSONValue {
    try await calling("observe", context) { try await base.observe(context) }
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    try await calling("perform", context) { try await base.perform(context) }
  }

  func repair(_ context: StepContext) async throws -> JSONValue {
    try await calling("perform", context) { try await base.repair(context) }
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    if isNegative("verify", context) { return .fails("the postcondition does not hold") }
    return try await calling("verify", context) { try await base.verify(context, evidence: evidence) }
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    if isNegative("probeUndo", context) { return .unknown("nobody can tell") }
    return try await calling("probeUndo", context) { try await base.probeUndo(context) }
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    try await calling("undo", context) { try await base.undo(context) }
  }

  private func isNegative(_ operation: String, _ context: StepContext) -> Bool {
    process.simulation.change { world in
      world.takeFault("\(context.step.id).\(operation)") { $0 == .negative } != nil
    }
  }

  private func calling<Value>(
    _ operation: String, _ context: StepContext, _ body: () async throws -> Value
  ) async throws -> Value {
    try process.check()
    try fail(operation, context, isAfter: false)
    let value = try await body()
    try fail(operation, context, isAfter: true)
    return value
  }

  private func fail(_ operation: String, _ context: StepContext, isAfter: Bool) throws {
    let fault = process.simulation.change { world in
      world.takeFault("\(context.step.id).\(operation)") { kind in
        switch kind {
        case .refused: !isAfter
        case .failedAfter: isAfter
        case .negative: false
        }
      }
    }
    switch fault?.kind {
    case .refused(let code), .failedAfter(let code):
      // The secret travels as secrets do: in a Secret, and in what a library said, which is never journaled.
      throw RecoverError(
        code, "\(operation) of \(context.step.id) fails as scripted for \(Secret(SimulatedProcedure.canary))",
        underlying: SimulationFailure("connection refused, password \(SimulatedProcedure.canary)"))
    case .negative, nil: return
    }
  }
}
