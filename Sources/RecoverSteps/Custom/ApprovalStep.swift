internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `wait-for-approval`: the machine waits before it; once approved, there is nothing left to do.
struct ApprovalStep: Step {
  func perform(_ context: StepContext) async throws -> JSONValue { ["approved": true] }
}
