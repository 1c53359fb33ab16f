package import RecoverCore
package import RecoverEngine

/// One entry of the library: what planning needs to know of a step, and how to make it.
package struct StepDefinition: Sendable {
  package var template: StepTemplate
  /// Makes the step for a plan; throws `policyInvalid` for parameters that don't fit.
  package var make: @Sendable (PlannedStep, Plan, StepDrivers) throws -> any Step
  /// The crash points inside the step, in the order in which it comes to them.
  package var crashPoints: [String]

  init(
    _ template: StepTemplate, crashPoints: [String] = [],
    make: @escaping @Sendable (PlannedStep, Plan, StepDrivers) throws -> any Step
  ) {
    self.template = template
    self.crashPoints = crashPoints
    self.make = make
  }
}
