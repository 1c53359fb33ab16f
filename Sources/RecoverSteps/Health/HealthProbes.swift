internal import HostKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// Makes the probes that health checks of a policy describe.
struct HealthProbes: Sendable {
  let drivers: StepDrivers
  /// Where commands run and log.
  let children: ChildContext
  /// The name of sessions in a server.
  let mark: String

  /// - Throws: ``RecoverError`` `policyInvalid`, or what reading a password file throws.
  func probe(_ check: NamedHealth) throws -> any ProbeDriver {
    switch check.policy.probe {
    case .http(let probe):
      return HTTPProbe(
        url: probe.url, method: probe.method == .head ? .head : .get, statuses: Set(probe.statuses),
        contains: probe.contains, headers: probe.headers)
    case .tcp(let probe): return TCPProbe(host: probe.host, port: probe.port)
    case .command(let probe):
      let command = Command(
        probe.run.argumentVector, environment: probe.environment, directory: probe.workingDirectory)
      return CommandProbe(command, in: children)
    case .postgres(let probe): return try postgres(probe, check)
    case .redis(let probe):
      return RedisProbe(
        host: probe.host, port: probe.port, user: probe.user,
        password: try probe.passwordFile.map(DatabaseAccess.password(in:)), memoryLimit: probe.maxMemory)
    case .tls(let probe):
      return TLSProbe(
        host: probe.host, port: probe.port, name: probe.name, validity: probe.validFor,
        certificateFile: probe.certificateFile)
    case .disk(let probe):
      return DiskProbe(
        path: probe.path, usedPercent: probe.usedPercent, inodesPercent: probe.inodesPercent, free: probe.free)
    case .memory(let probe): return MemoryProbe(usedPercent: probe.usedPercent, available: probe.available)
    case .metric(let probe):
      guard let threshold = MetricThreshold(probe.threshold) else {
        throw RecoverError(.policyInvalid, "health check \(check.name): `\(probe.threshold)` is no comparison")
      }
      return MetricProbe(
        url: probe.url,
        query: MetricQuery(
          MetricSelector(name: probe.name, labels: probe.labels),
          per: probe.per.map { MetricSelector(name: $0.name, labels: $0.labels) }, window: probe.rate,
          threshold: threshold))
    case .group(let group): return try self.group(group, check)
    }
  }

  private func postgres(_ probe: HealthProbe.Postgres, _ check: NamedHealth) throws -> any ProbeDriver {
    guard let url = check.databaseURL else {
      throw RecoverError(.policyInvalid, "health check \(check.name) names a database that the policy does not have")
    }
    return PostgresProbe(
      settings: try DatabaseAccess.settings(
        url: url, passwordFile: check.passwordFile, drivers: drivers, mark: mark),
      query: probe.sql, role: probe.role, maxLag: probe.maxLag)
  }

  private func group(_ group: HealthProbe.Group, _ check: NamedHealth) throws -> any ProbeDriver {
    let members = try zip(check.members ?? [], group.members).map { member, part in
      GroupProbe.Member(
        name: member.name, probe: try probe(member), timeout: member.policy.probe.timeout, weight: part.weight)
    }
    let least =
      switch group.rule {
      case .all: members.map(\.weight).reduce(0, +)
      case .any: members.map(\.weight).min() ?? 1
      case .atLeast(let least): least
      }
    return GroupProbe(members, least: least)
  }
}

/// A look at a database: it connects anew, as an application does, is in the role that is wanted, has not fallen behind,
/// and a query answers true.
struct PostgresProbe: ProbeDriver {
  let settings: ConnectionSettings
  let query: String
  let role: HealthProbe.Postgres.Role
  let maxLag: Duration?

  func check(_ deadline: Deadline) async -> HealthResult {
    do {
      let probe = self
      return try await BlockingThread.run("recover-probe") { interruption in
        var connection = try Connection(probe.settings, timeout: deadline.remaining, interruption: interruption)
        connection.deadline = deadline
        if let trouble = try probe.trouble(&connection) { return .unhealthy(trouble) }
        let answer = try connection.value(probe.query)
        return answer == "t" ? .healthy : .unhealthy("the query answered \(answer ?? "nothing"), not true")
      }
    } catch {
      return .unhealthy(Cause(error).message)
    }
  }

  /// What is wrong with the server's role or its replication; nil for nothing.
  private func trouble(_ connection: inout Connection) throws -> String? {
    let isStandby = try connection.value("SELECT pg_catalog.pg_is_in_recovery()") == "t"
    switch role {
    case .primary where isStandby: return "the server is in recovery: it is a standby, or not up yet"
    case .standby where !isStandby: return "the server is a primary, and not a standby"
    case .primary, .standby, .any: break
    }
    guard let maxLag else { return nil }
    guard let milliseconds = try connection.value(isStandby ? Self.ownLag : Self.standbysLag).flatMap(Int64.init) else {
      return nil
    }
    let lag = Duration.milliseconds(milliseconds)
    guard lag > maxLag else { return nil }
    let who = isStandby ? "the server is" : "a standby is"
    return "\(who) \(lag.text) behind, and not at most \(maxLag.text)"
  }

  /// How long ago what a standby has replayed was committed; 0 where it has replayed all that it has received, since an idle
  /// primary commits nothing.
  private static let ownLag = """
    SELECT CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0 ELSE
      (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)::bigint END
    """

  /// The longest that a standby takes to replay; null where there is none, or all are idle.
  private static let standbysLag = """
    SELECT (EXTRACT(epoch FROM max(replay_lag)) * 1000)::bigint FROM pg_catalog.pg_stat_replication
    """
}
