internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension ServicesWork {
  /// Whether every check passes now, at the first look; true where none is named.
  func healthNow(_ context: StepContext) async throws -> Bool {
    for check in health {
      let probe = try probe(check, context)
      guard await probe.check(.after(check.timeout)).isHealthy else { return false }
    }
    return true
  }

  /// Waits until every check has passed as often in a row as its policy wants, one check after the other.
  ///
  /// - Throws: ``RecoverError`` `checkFailed` with what the last look gave.
  func waitUntilHealthy(_ context: StepContext) async throws {
    for check in health {
      let policy = check.policy
      let report = try await HealthCheck(
        every: policy.every, within: policy.within, passes: policy.passes, timeout: check.timeout, flaps: policy.flaps
      ).run(try probe(check, context))
      guard let reason = report.verdict.reason else { continue }
      await copyLogs(of: services, context)
      let flapping = report.drops > 0 ? ", after it had passed \(report.drops) times" : ""
      throw RecoverError(
        .checkFailed, "health check \(check.name) did not pass within \(policy.within.text): \(reason)\(flapping)",
        hint: hint(check, context))
    }
  }

  private func hint(_ check: NamedHealth, _ context: StepContext) -> String {
    let isCommand = if case .command = check.policy.probe { true } else { false }
    guard !services.isEmpty else {
      return isCommand
        ? "recover logs \(context.run) has what the check printed" : "look at the log of what the check asks"
    }
    return "recover logs \(context.run) has what the services logged last" + (isCommand ? ", and the check" : "")
  }

  private func probe(_ check: NamedHealth, _ context: StepContext) throws -> any ProbeDriver {
    try context.makeDirectory()
    return try HealthProbes(drivers: drivers, children: ChildContext(context), mark: context.mark).probe(check)
  }
}
