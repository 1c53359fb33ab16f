internal import HostKit
internal import RecoverBase
package import RecoverCore

/// What a health check gave.
package struct HealthOutcome: Sendable, Hashable {
  package var name: String
  package var isHealthy: Bool
  /// Whether it could not be asked at all.
  package var isUnknown: Bool
  package var reason: String?
  package var elapsed: Duration
  /// How many looks it took, and how often a pass was followed by something else.
  package var looks: Int
  package var drops: Int
}

/// Looks at the health checks of a policy, outside of any run.
package struct HealthLook: Sendable {
  private let checks: [NamedHealth]
  private let probes: HealthProbes

  /// - Parameters:
  ///   - names: which; all of the policy where empty.
  ///   - logFile: what commands print goes there.
  /// - Throws: ``RecoverError`` `usage` for a name that the policy does not have.
  package init(_ names: [String], in policy: Policy, drivers: StepDrivers, logFile: String) throws {
    let wanted = names.isEmpty ? policy.health.keys.sorted() : names
    checks = try wanted.map { try NamedHealth(name: $0, policy: try policy.healthCheck(named: $0), in: policy) }
    probes = HealthProbes(
      drivers: drivers, children: ChildContext(run: "health", epoch: 0, logFile: logFile) { _ in },
      mark: "recover/health")
  }

  /// Looks at all of them at once.
  ///
  /// - Parameter waits: whether each is asked as its policy says (`every`, `within`, `passes`), and not just once.
  /// - Returns: what each gave, in their order.
  package func look(waits: Bool) async throws -> [HealthOutcome] {
    try await withThrowingTaskGroup(of: (Int, HealthOutcome).self) { group in
      for (index, check) in checks.enumerated() {
        group.addTask { (index, try await outcome(of: check, waits: waits)) }
      }
      var outcomes: [Int: HealthOutcome] = [:]
      for try await (index, outcome) in group { outcomes[index] = outcome }
      return checks.indices.compactMap { outcomes[$0] }
    }
  }

  private func outcome(of check: NamedHealth, waits: Bool) async throws -> HealthOutcome {
    let probe: any ProbeDriver
    do {
      probe = try probes.probe(check)
    } catch let error as RecoverError {
      return HealthOutcome(
        name: check.name, isHealthy: false, isUnknown: true, reason: error.message, elapsed: .zero, looks: 0, drops: 0)
    }
    let policy = check.policy
    let report = try await HealthCheck(
      every: policy.every, within: waits ? policy.within : .zero, passes: waits ? policy.passes : 1,
      timeout: check.timeout, flaps: policy.flaps
    ).run(probe)
    let isUnknown = if case .unknown = report.verdict { true } else { false }
    return HealthOutcome(
      name: check.name, isHealthy: report.verdict.isHealthy, isUnknown: isUnknown, reason: report.verdict.reason,
      elapsed: report.elapsed, looks: report.checks, drops: report.drops)
  }
}
