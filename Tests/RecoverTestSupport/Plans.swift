package import RecoverBase
package import RecoverCore

/// Small plans for tests of machines and runners.
package enum Plans {
  /// A plan of the steps.
  package static func plan(_ steps: [PlannedStep], target: String = "test") -> Plan {
    Plan(
      procedure: "test", target: Target(kind: .custom, identity: target, name: target), environment: .development,
      bindings: .null, steps: steps)
  }

  /// A step that is tried three times, with waits of a second that double.
  package static func step(
    _ id: String, _ kind: StepKind = .compensable, attempts: Int = 3, timeout: Duration? = nil,
    deadline: Duration? = nil, backoff: Duration = .seconds(1), onExhausted: ProcedureStep.OnExhausted = .fail,
    holding resources: [String] = [], owing obligation: String? = nil, approval: ApprovalTerms? = nil,
    paidBy payers: [String] = []
  ) -> PlannedStep {
    PlannedStep(
      id: id, uses: "test.\(id)", kind: kind,
      retry: RetryPolicy(attempts: attempts, backoff: backoff, maxBackoff: backoff * 8, jitter: false),
      timeout: timeout, deadline: deadline, onExhausted: onExhausted, resources: resources, obligation: obligation,
      approval: approval, dischargedBy: payers)
  }

  /// A moment of the tests' time, in seconds from its beginning.
  package static func time(_ seconds: Int64) -> WallTime { WallTime(microseconds: seconds * 1_000_000) }
}
