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

  package init(
    probe: HealthProbe, every: Duration = Self.defaultInterval, within: Duration = Self.defaultLimit, passes: Int = 1
  ) {
    self.probe = probe
    self.every = every
    self.within = within
    self.passes = passes
  }
}

extension HealthPolicy: Codable {
  enum CodingKeys: String, CodingKey {
    case http, tcp, postgres, command, every, within, passes
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let probe = try container.decodeIfPresent(HealthProbe.HTTP.self, forKey: .http) {
      self.probe = .http(probe)
    } else if let probe = try container.decodeIfPresent(HealthProbe.TCP.self, forKey: .tcp) {
      self.probe = .tcp(probe)
    } else if let probe = try container.decodeIfPresent(HealthProbe.Postgres.self, forKey: .postgres) {
      self.probe = .postgres(probe)
    } else {
      probe = .command(try container.decode(HealthProbe.Command.self, forKey: .command))
    }
    every = try container.decode(DurationText.self, forKey: .every).wrappedValue
    within = try container.decode(DurationText.self, forKey: .within).wrappedValue
    passes = try container.decode(Int.self, forKey: .passes)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch probe {
    case .http(let probe): try container.encode(probe, forKey: .http)
    case .tcp(let probe): try container.encode(probe, forKey: .tcp)
    case .postgres(let probe): try container.encode(probe, forKey: .postgres)
    case .command(let probe): try container.encode(probe, forKey: .command)
    }
    try container.encode(DurationText(wrappedValue: every), forKey: .every)
    try container.encode(DurationText(wrappedValue: within), forKey: .within)
    try container.encode(passes, forKey: .passes)
  }
}
