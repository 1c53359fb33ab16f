internal import RecoverBase
package import RecoverCore
package import RecoverEngine

/// Every step that procedures can use.
package struct StepLibrary: StepCatalog {
  private let drivers: StepDrivers
  private static let byName = Dictionary(
    definitions.map { ($0.template.signature.uses, $0) }, uniquingKeysWith: { first, _ in first })

  package init(drivers: StepDrivers) { self.drivers = drivers }

  /// The definitions, in the order in which documentation lists them.
  package static let definitions: [StepDefinition] =
    databaseDefinitions + filesDefinitions + releaseDefinitions + serviceDefinitions + customDefinitions

  /// What lint and the planner need of them.
  package static var templates: [StepTemplate] { definitions.map(\.template) }

  /// The crash points inside a planned step.
  package static func crashPoints(inside planned: PlannedStep) -> [String] {
    byName[planned.uses]?.crashPoints ?? []
  }

  package func step(for planned: PlannedStep, of plan: Plan) throws -> any Step {
    guard let definition = Self.byName[planned.uses] else {
      throw RecoverError(
        .policyInvalid, "step \(planned.id) uses \(planned.uses), which this recover does not know",
        hint: "the plan was made by a newer recover")
    }
    return try definition.make(planned, plan, drivers)
  }
}
