package import RecoverBase

extension HealthProbe {
  /// Passes when a Redis answers PING, and uses no more memory than it may.
  package struct Redis: Sendable, Hashable, Codable {
    package static let defaultPort = 6379

    package var host: String
    /// 1...65535.
    package var port: Int
    /// For access lists; nil with a password alone.
    package var user: String?
    /// A file with the password on its first line; nil where none is wanted.
    package var passwordFile: String?
    /// The most memory that it may use; nil for any.
    package var maxMemory: ByteCount?
    @DurationText package var timeout: Duration

    package init(
      host: String, port: Int = Self.defaultPort, user: String? = nil, passwordFile: String? = nil,
      maxMemory: ByteCount? = nil, timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.host = host
      self.port = port
      self.user = user
      self.passwordFile = passwordFile
      self.maxMemory = maxMemory
      self.timeout = timeout
    }

    enum CodingKeys: String, CodingKey {
      case host, port, user, timeout
      case passwordFile = "password-file"
      case maxMemory = "max-memory"
    }
  }

  /// Passes when a server's certificates are good, and for some time more.
  package struct TLS: Sendable, Hashable, Codable {
    package static let defaultPort = 443
    package static let defaultValidity = Duration.seconds(14 * 86_400)

    package var host: String
    /// 1...65535.
    package var port: Int
    /// The name that the certificate has to be for; the host where nil.
    package var name: String?
    /// How long every certificate has to be valid from now on.
    @DurationText package var validFor: Duration
    /// A file of certificates to trust (PEM) instead of the system's.
    package var certificateFile: String?
    @DurationText package var timeout: Duration

    package init(
      host: String, port: Int = Self.defaultPort, name: String? = nil, validFor: Duration = Self.defaultValidity,
      certificateFile: String? = nil, timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.host = host
      self.port = port
      self.name = name
      self.validFor = validFor
      self.certificateFile = certificateFile
      self.timeout = timeout
    }

    enum CodingKeys: String, CodingKey {
      case host, port, name, timeout
      case validFor = "valid-for"
      case certificateFile = "certificate-file"
    }
  }

  /// Passes while a file system has room left.
  package struct Disk: Sendable, Hashable, Codable {
    package static let defaultPercent = 90

    /// Anything on the file system, absolute.
    package var path: String
    /// The most that may be used, 1...100.
    package var usedPercent: Int
    /// The same of its inodes.
    package var inodesPercent: Int
    /// The least that has to be free; nil for any.
    package var free: ByteCount?
    @DurationText package var timeout: Duration

    package init(
      path: String, usedPercent: Int = Self.defaultPercent, inodesPercent: Int = Self.defaultPercent,
      free: ByteCount? = nil, timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.path = path
      self.usedPercent = usedPercent
      self.inodesPercent = inodesPercent
      self.free = free
      self.timeout = timeout
    }

    enum CodingKeys: String, CodingKey {
      case path, free, timeout
      case usedPercent = "used-percent"
      case inodesPercent = "inodes-percent"
    }
  }

  /// Passes while this host has memory left.
  package struct Memory: Sendable, Hashable, Codable {
    package static let defaultPercent = 90

    /// The most that may be in use, 1...100.
    package var usedPercent: Int
    /// The least that has to be available; nil for any.
    package var available: ByteCount?
    @DurationText package var timeout: Duration

    package init(
      usedPercent: Int = Self.defaultPercent, available: ByteCount? = nil,
      timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.usedPercent = usedPercent
      self.available = available
      self.timeout = timeout
    }

    enum CodingKeys: String, CodingKey {
      case available, timeout
      case usedPercent = "used-percent"
    }
  }

  /// Passes while metrics of a Prometheus text endpoint keep to a threshold.
  package struct Metric: Sendable, Hashable, Codable {
    /// `http://` or `https://`, without a password.
    package var url: String
    package var name: String
    /// What a series has to have; it may have more.
    ///
    /// A value that begins with `~` is a regular expression for the whole of the label's value.
    package var labels: [String: String]
    /// The sum of the series is divided by the sum of these; nil where each series is compared by itself.
    package var per: Series?
    /// How far two looks are apart between which it rises, a second; nil for one look at the value.
    package var rate: Duration?
    /// A comparison such as `< 0.9`.
    package var threshold: String
    /// Of one look.
    package var timeout: Duration

    package struct Series: Sendable, Hashable, Codable {
      package var name: String
      package var labels: [String: String]

      package init(name: String, labels: [String: String] = [:]) {
        self.name = name
        self.labels = labels
      }
    }

    package init(
      url: String, name: String, labels: [String: String] = [:], per: Series? = nil, rate: Duration? = nil,
      threshold: String, timeout: Duration = HealthProbe.defaultTimeout
    ) {
      self.url = url
      self.name = name
      self.labels = labels
      self.per = per
      self.rate = rate
      self.threshold = threshold
      self.timeout = timeout
    }

    enum CodingKeys: String, CodingKey {
      case url, name, labels, per, rate, timeout
      case threshold = "is"
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      url = try container.decode(String.self, forKey: .url)
      name = try container.decode(String.self, forKey: .name)
      labels = try container.decode([String: String].self, forKey: .labels)
      per = try container.decodeIfPresent(Series.self, forKey: .per)
      rate = try container.decodeIfPresent(DurationText.self, forKey: .rate)?.wrappedValue
      threshold = try container.decode(String.self, forKey: .threshold)
      timeout = try container.decode(DurationText.self, forKey: .timeout).wrappedValue
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(url, forKey: .url)
      try container.encode(name, forKey: .name)
      try container.encode(labels, forKey: .labels)
      try container.encodeIfPresent(per, forKey: .per)
      try container.encodeIfPresent(rate.map { DurationText(wrappedValue: $0) }, forKey: .rate)
      try container.encode(threshold, forKey: .threshold)
      try container.encode(DurationText(wrappedValue: timeout), forKey: .timeout)
    }
  }

  /// Passes when enough of other checks pass, all looked at at once.
  package struct Group: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
      case all
      case any
      /// The weights of those that pass add up to this.
      case atLeast(Int)
    }

    package var rule: Rule
    package var members: [Member]

    package init(rule: Rule, members: [Member]) {
      self.rule = rule
      self.members = members
    }

    package struct Member: Sendable, Hashable, Codable {
      /// The name of a check that is no group.
      package var check: String
      /// At least 1.
      package var weight: Int

      package init(check: String, weight: Int = 1) {
        self.check = check
        self.weight = weight
      }
    }
  }
}
