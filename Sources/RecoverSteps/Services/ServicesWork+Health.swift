internal import HostKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension ServicesWork {
  /// Whether every check passes now, at the first look; true where none is named.
  func healthNow(_ context: StepContext) async throws -> Bool {
    for check in health {
      let probe = try probe(check, context)
      guard await probe.check(.after(check.policy.probe.timeout)).isHealthy else { return false }
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
        every: policy.every, within: policy.within, passes: policy.passes, timeout: policy.probe.timeout
      ).run(try probe(check, context))
      guard let reason = report.verdict.reason else { continue }
      let hasLog = if case .command = policy.probe { true } else { false }
      let flapping = report.drops > 0 ? ", after it had passed \(report.drops) times" : ""
      throw RecoverError(
        .checkFailed, "health check \(check.name) did not pass within \(policy.within.text): \(reason)\(flapping)",
        hint: "look at the service's own log"
          + (hasLog ? "; recover logs \(context.run) has what the check printed" : ""))
    }
  }

  private func probe(_ check: NamedHealth, _ context: StepContext) throws -> any ProbeDriver {
    switch check.policy.probe {
    case .http(let probe):
      return HTTPProbe(
        url: probe.url, method: probe.method == .head ? .head : .get, statuses: Set(probe.statuses),
        contains: probe.contains,
        headers: probe.headers)
    case .tcp(let probe): return TCPProbe(host: probe.host, port: probe.port)
    case .command(let probe):
      try context.makeDirectory()
      let command = Command(
        probe.run.argumentVector, environment: probe.environment, directory: probe.workingDirectory)
      return CommandProbe(command, in: ChildContext(context))
    case .postgres(let probe):
      guard let url = check.databaseURL else {
        throw RecoverError(.policyInvalid, "health check \(check.name) names a database that the policy does not have")
      }
      return PostgresProbe(
        settings: try DatabaseAccess.settings(
          url: url, passwordFile: check.passwordFile, drivers: drivers, mark: context.mark), query: probe.sql)
    }
  }
}

/// A look at a database: it connects anew, as an application does, and a query answers true.
private struct PostgresProbe: ProbeDriver {
  let settings: ConnectionSettings
  let query: String

  func check(_ deadline: Deadline) async -> HealthResult {
    do {
      let (settings, query) = (settings, query)
      return try await BlockingThread.run("recover-probe") { interruption in
        var connection = try Connection(settings, timeout: deadline.remaining, interruption: interruption)
        connection.deadline = deadline
        let answer = try connection.value(query)
        return answer == "t" ? .healthy : .unhealthy("the query answered \(answer ?? "nothing"), not true")
      }
    } catch {
      return .unhealthy(Cause(error).message)
    }
  }
}
