/// One look at whether something works.
package enum HealthProbe: Sendable, Hashable {
  case http(HTTP)
  case tcp(TCP)
  case postgres(Postgres)
  case redis(Redis)
  case tls(TLS)
  case disk(Disk)
  case memory(Memory)
  case metric(Metric)
  case command(Command)
  /// Other checks together.
  case group(Group)

  /// How long one probe may take when the policy says nothing else.
  package static let defaultTimeout = Duration.seconds(5)
}

extension HealthProbe {
  /// The probe's own limit.
  package var timeout: Duration {
    switch self {
    case .http(let probe): probe.timeout
    case .tcp(let probe): probe.timeout
    case .postgres(let probe): probe.timeout
    case .redis(let probe): probe.timeout
    case .tls(let probe): probe.timeout
    case .disk(let probe): probe.timeout
    case .memory(let probe): probe.timeout
    case .metric(let probe): probe.timeout + (probe.rate ?? .zero)
    case .command(let probe): probe.timeout
    // Its members have their own.
    case .group: Self.defaultTimeout
    }
  }
}

extension HealthProbe {
  /// Passes when a server answers with one of the wanted statuses, and with the wanted text where one is named.
  package struct HTTP: Sendable, Hashable, Codable {
    /// `http://` or `https://`, without a password.
    package var url: String
    /// `GET` or `HEAD`.
    package var method: Method
    /// The statuses that pass, 100...599; never empty.
    package var statuses: [Int]
    /// What the body has to contain; nil: anything.
    package var contains: String?
    /// Added to the request; stored with the plan, so no place for secrets.
    package var headers: [String: String]
    @DurationText package var timeout: Duration

    package init(
      url: String, method: Method = .get, statuses: [Int] = [200], contains: String? = nil,
      headers: [String: String] = [:], timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.url = url
      self.method = method
      self.statuses = statuses
      self.contains = contains
      self.headers = headers
      self.timeout = timeout
    }

    /// A request that changes nothing (RFC 9110, 9.2.1).
    package enum Method: String, Sendable, Hashable, Codable, CaseIterable {
      case get = "GET"
      case head = "HEAD"
    }

    enum CodingKeys: String, CodingKey {
      case url, method, contains, headers, timeout
      case statuses = "status"
    }
  }

  /// Passes when a TCP connection can be made.
  package struct TCP: Sendable, Hashable, Codable {
    package var host: String
    /// 1...65535.
    package var port: Int
    @DurationText package var timeout: Duration

    package init(host: String, port: Int, timeout: Duration = HealthProbe.defaultTimeout) {
      self.host = host
      self.port = port
      self.timeout = timeout
    }
  }

  /// Passes when a database of the policy is in the wanted role, has not fallen behind, and answers a query with true.
  package struct Postgres: Sendable, Hashable, Codable {
    package static let defaultQuery = "SELECT true"

    /// The database's name in the policy.
    package var database: String
    /// One row whose first column is a boolean.
    package var sql: String
    package var role: Role
    /// The most that a standby may be behind; nil for any.
    package var maxLag: Duration?
    @DurationText package var timeout: Duration

    package init(
      database: String, sql: String = Self.defaultQuery, role: Role = .primary, maxLag: Duration? = nil,
      timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.database = database
      self.sql = sql
      self.role = role
      self.maxLag = maxLag
      self.timeout = timeout
    }

    /// What the server has to be.
    package enum Role: String, Sendable, Hashable, Codable, CaseIterable {
      /// Not in recovery: it takes writes.
      case primary
      case standby
      case any
    }

    enum CodingKeys: String, CodingKey {
      case database, sql, role, timeout
      case maxLag = "max-lag"
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      database = try container.decode(String.self, forKey: .database)
      sql = try container.decode(String.self, forKey: .sql)
      // Plans of before the key ask for no role.
      role = try container.decodeIfPresent(Role.self, forKey: .role) ?? .any
      maxLag = try container.decodeIfPresent(DurationText.self, forKey: .maxLag)?.wrappedValue
      timeout = try container.decode(DurationText.self, forKey: .timeout).wrappedValue
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(database, forKey: .database)
      try container.encode(sql, forKey: .sql)
      try container.encode(role, forKey: .role)
      try container.encodeIfPresent(maxLag.map { DurationText(wrappedValue: $0) }, forKey: .maxLag)
      try container.encode(DurationText(wrappedValue: timeout), forKey: .timeout)
    }
  }

  /// Passes when a command exits with status 0.
  package struct Command: Sendable, Hashable, Codable {
    package var run: Invocation
    /// Where the command runs, absolute.
    package var workingDirectory: String
    /// Added to the environment of the command; stored with the plan, so no place for secrets.
    package var environment: [String: String]
    @DurationText package var timeout: Duration

    package init(
      run: Invocation, workingDirectory: String, environment: [String: String] = [:],
      timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.run = run
      self.workingDirectory = workingDirectory
      self.environment = environment
      self.timeout = timeout
    }

    enum CodingKeys: String, CodingKey {
      case run
      case workingDirectory = "working-directory"
      case environment
      case timeout
    }
  }
}
