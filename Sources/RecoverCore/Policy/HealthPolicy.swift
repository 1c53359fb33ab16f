/// A check that says whether something works: a probe, repeated until it has passed often enough in a row.
package struct HealthPolicy: Sendable, Hashable {
  package static let defaultInterval = Duration.seconds(1)
  package static let defaultLimit = Duration.seconds(60)

  package var probe: HealthProbe
  /// From the start of one probe to the start of the next.
  package var every: Duration
  /// How long the check as a whole may take before it has failed.
  package var within: Duration
  /// How many probes in a row have to pass, at least 1.
  package var passes: Int
  /// How often it may pass and fail again before it has failed; nil: as often as the time allows.
  package var flaps: Int?

  package init(
    probe: HealthProbe, every: Duration = Self.defaultInterval, within: Duration = Self.defaultLimit, passes: Int = 1,
    flaps: Int? = nil
  ) {
    self.probe = probe
    self.every = every
    self.within = within
    self.passes = passes
    self.flaps = flaps
  }
}

extension HealthPolicy: Codable {
  enum CodingKeys: String, CodingKey {
    case http, tcp, postgres, redis, tls, disk, memory, metric, command, all, any, weighted
    case every, within, passes, flaps
  }

  /// How `weighted` is written.
  private struct Weighted: Codable {
    var least: Int
    var of: [HealthProbe.Group.Member]
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let probes = try container.allKeys.compactMap { try Self.probe(at: $0, in: container) }
    guard let probe = probes.first, probes.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a health check with \(probes.count) probes"))
    }
    self.probe = probe
    every = try container.decode(DurationText.self, forKey: .every).wrappedValue
    within = try container.decode(DurationText.self, forKey: .within).wrappedValue
    passes = try container.decode(Int.self, forKey: .passes)
    flaps = try container.decodeIfPresent(Int.self, forKey: .flaps)
  }

  /// The probe that a key holds; nil for a key that holds none.
  private static func probe(
    at key: CodingKeys, in container: KeyedDecodingContainer<CodingKeys>
  ) throws -> HealthProbe? {
    func group(_ rule: HealthProbe.Group.Rule) throws -> HealthProbe {
      let names = try container.decode([String].self, forKey: key)
      return .group(.init(rule: rule, members: names.map { .init(check: $0) }))
    }
    switch key {
    case .http: return .http(try container.decode(HealthProbe.HTTP.self, forKey: key))
    case .tcp: return .tcp(try container.decode(HealthProbe.TCP.self, forKey: key))
    case .postgres: return .postgres(try container.decode(HealthProbe.Postgres.self, forKey: key))
    case .redis: return .redis(try container.decode(HealthProbe.Redis.self, forKey: key))
    case .tls: return .tls(try container.decode(HealthProbe.TLS.self, forKey: key))
    case .disk: return .disk(try container.decode(HealthProbe.Disk.self, forKey: key))
    case .memory: return .memory(try container.decode(HealthProbe.Memory.self, forKey: key))
    case .metric: return .metric(try container.decode(HealthProbe.Metric.self, forKey: key))
    case .command: return .command(try container.decode(HealthProbe.Command.self, forKey: key))
    case .all: return try group(.all)
    case .any: return try group(.any)
    case .weighted:
      let weighted = try container.decode(Weighted.self, forKey: key)
      return .group(.init(rule: .atLeast(weighted.least), members: weighted.of))
    case .every, .within, .passes, .flaps: return nil
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch probe {
    case .http(let probe): try container.encode(probe, forKey: .http)
    case .tcp(let probe): try container.encode(probe, forKey: .tcp)
    case .postgres(let probe): try container.encode(probe, forKey: .postgres)
    case .redis(let probe): try container.encode(probe, forKey: .redis)
    case .tls(let probe): try container.encode(probe, forKey: .tls)
    case .disk(let probe): try container.encode(probe, forKey: .disk)
    case .memory(let probe): try container.encode(probe, forKey: .memory)
    case .metric(let probe): try container.encode(probe, forKey: .metric)
    case .command(let probe): try container.encode(probe, forKey: .command)
    case .group(let group):
      switch group.rule {
      case .all: try container.encode(group.members.map(\.check), forKey: .all)
      case .any: try container.encode(group.members.map(\.check), forKey: .any)
      case .atLeast(let least): try container.encode(Weighted(least: least, of: group.members), forKey: .weighted)
      }
    }
    try container.encode(DurationText(wrappedValue: every), forKey: .every)
    try container.encode(DurationText(wrappedValue: within), forKey: .within)
    try container.encode(passes, forKey: .passes)
    try container.encodeIfPresent(flaps, forKey: .flaps)
  }
}
