internal import RecoverBase

/// What the planner needs of a step's definition, beside what procedures may say of it.
package struct StepTemplate: Sendable, Hashable {
  package var signature: StepSignature
  /// How patient the step is when the procedure says nothing.
  package var retry: RetryPolicy
  package var timeout: Duration?
  package var deadline: Duration?
  /// What the step holds, for instance `live database`, `services`.
  package var resources: [String]
  /// The debt in words, for a step that leaves one.
  package var obligation: String?

  package init(
    _ signature: StepSignature, retry: RetryPolicy = RetryPolicy(), timeout: Duration? = nil,
    deadline: Duration? = nil, resources: [String] = [], obligation: String? = nil
  ) {
    self.signature = signature
    self.retry = retry
    self.timeout = timeout
    self.deadline = deadline
    self.resources = resources
    self.obligation = obligation
  }
}
