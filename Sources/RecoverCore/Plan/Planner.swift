package import RecoverBase

/// Resolves a procedure into a plan: pure, so that the same inputs always give the same hash.
package struct Planner: Sendable {
  /// The definitions that steps may use, by name.
  private let templates: [String: StepTemplate]

  package init(templates: [StepTemplate]) {
    self.templates = Dictionary(templates.map { ($0.signature.uses, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The plan of a procedure that lint has passed.
  ///
  /// - Parameter bindings: what the steps' implementations read: where the database is, which backup.
  /// - Throws: ``RecoverError`` `policyInvalid` for a step that uses what nobody defines.
  package func plan(
    _ procedure: Procedure, target: Target, environment: Environment, bindings: JSONValue
  ) throws -> Plan {
    Plan(
      procedure: procedure.name, target: target, environment: environment, bindings: bindings,
      steps: try procedure.steps.map { try resolve($0, in: procedure) })
  }

  private func resolve(_ step: ProcedureStep, in procedure: Procedure) throws -> PlannedStep {
    guard let template = templates[step.uses] else {
      throw RecoverError(
        .policyInvalid, "step \(step.id) of procedure \(procedure.name) uses \(step.uses), which nobody defines")
    }
    let signature = template.signature
    return PlannedStep(
      id: step.id, uses: step.uses, kind: signature.kind, with: step.with, retry: step.retry ?? template.retry,
      timeout: step.timeout ?? template.timeout, deadline: step.deadline ?? template.deadline,
      onExhausted: step.onExhausted, resources: template.resources,
      obligation: signature.isObligation ? template.obligation ?? signature.summary : nil,
      approval: try approval(step), dischargedBy: payers(of: signature, in: procedure))
  }

  /// The steps of the procedure that pay the debt of a definition.
  private func payers(of signature: StepSignature, in procedure: Procedure) -> [String] {
    guard signature.isObligation, let definitions = signature.dischargedBy else { return [] }
    return procedure.steps.filter { definitions.contains($0.uses) }.map(\.id)
  }

  private func approval(_ step: ProcedureStep) throws -> ApprovalTerms? {
    guard step.uses == StepSignature.waitForApproval else { return nil }
    let within = step.with["within"]?.string.flatMap(Duration.init(text:)) ?? .seconds(3600)
    return ApprovalTerms(message: step.with["message"]?.string ?? "go on?", within: within)
  }
}
