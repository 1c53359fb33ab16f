internal import RecoverBase
internal import RecoverCore

extension EnvironmentSchema {
  static let health = Record(
    name: "health-check", summary: "A probe, repeated until it has passed often enough in a row.",
    fields: [
      Field("http", .record(httpProbe), .optional, "Asks a web server."),
      Field("tcp", .record(tcpProbe), .optional, "Connects to a port."),
      Field("postgres", .record(postgresProbe), .optional, "Asks a database of this file."),
      Field("redis", .record(redisProbe), .optional, "Asks a Redis."),
      Field("tls", .record(tlsProbe), .optional, "Checks a server's certificates."),
      Field("disk", .record(diskProbe), .optional, "Looks at the room on a file system."),
      Field("memory", .record(memoryProbe), .optional, "Looks at this host's memory."),
      Field("metric", .record(metricProbe), .optional, "Reads a metric of a Prometheus text endpoint."),
      Field("command", .record(commandProbe), .optional, "Runs a command."),
      Field("all", .list(.reference(.health), .notEmpty), .optional, "Other checks, all of which have to pass."),
      Field("any", .list(.reference(.health), .notEmpty), .optional, "Other checks, one of which has to pass."),
      Field("weighted", .record(weightedGroup), .optional, "Other checks whose weights have to add up."),
      limit("every", HealthPolicy.defaultInterval, "From the start of one probe to the next."),
      limit("within", HealthPolicy.defaultLimit, "How long the check may take before it has failed."),
      Field("passes", .integer(1...1000), .defaulted(1), "How many probes in a row have to pass."),
      Field(
        "flaps", .integer(0...1000), .optional,
        "How often it may pass and fail again before it has failed; otherwise as often as `within` allows."),
    ],
    exactlyOne: [
      "http", "tcp", "postgres", "redis", "tls", "disk", "memory", "metric", "command", "all", "any", "weighted",
    ],
    rule: { values in
      guard let every = values["every"]?.string.flatMap(Duration.init(text:)),
        let within = values["within"]?.string.flatMap(Duration.init(text:)), let passes = values["passes"]?.integer
      else { return nil }
      if let rate = values["metric"]?["rate"]?.string.flatMap(Duration.init(text:)), rate >= within {
        return RuleViolation(
          key: "within", message: "two looks that are \(rate.text) apart never fit within \(within.text)",
          hint: "give it more than \(rate.text)")
      }
      // The first probe starts at once, so that n passes need n - 1 intervals.
      let (needed, overflow) = every.nanoseconds.multipliedReportingOverflow(by: passes - 1)
      guard overflow || needed >= within.nanoseconds else { return nil }
      return RuleViolation(
        key: "within", message: "\(passes) passes every \(every.text) never fit within \(within.text)",
        hint: overflow ? nil : "give it more than \(Duration.nanoseconds(needed).text)")
    })

  static let probeTimeout = limit("timeout", HealthProbe.defaultTimeout, "How long one probe may take.")

  static let httpProbe = Record(
    name: "http-probe", summary: "Passes when a web server answers as wanted.",
    fields: [
      Field("url", .text(.webURL), .required, "What to ask, without a password."),
      Field(
        "method", .choice(HealthProbe.HTTP.Method.allCases.map(\.rawValue)),
        .defaulted(.string(HealthProbe.HTTP.Method.get.rawValue)), "How to ask."),
      Field("status", .oneOrMany(.integer(100...599)), .defaulted([200]), "The status or statuses that pass."),
      Field("contains", .text(.anything), .optional, "What the body has to contain."),
      Field(
        "headers", .textMap, .defaulted([:]),
        "Added to the request; stored with the plan, so no place for secrets."),
      probeTimeout,
    ])

  static let tcpProbe = Record(
    name: "tcp-probe", summary: "Passes when a connection can be made.",
    fields: [
      Field("host", .text(.line), .required, "A name or an address."),
      Field("port", .integer(1...65_535), .required, "The port."),
      probeTimeout,
    ])

  static let postgresProbe = Record(
    name: "postgres-probe", summary: "Passes when a database answers with true.",
    fields: [
      Field("database", .reference(.databases), .required, "A database of this file."),
      Field(
        "sql", .text(.anything), .defaulted(.string(HealthProbe.Postgres.defaultQuery)),
        "One row whose first column is a boolean."),
      Field(
        "role", .choice(HealthProbe.Postgres.Role.allCases.map(\.rawValue)),
        .defaulted(.string(HealthProbe.Postgres.Role.primary.rawValue)), "What the server has to be."),
      Field(
        "max-lag", .duration(minimum: .zero), .optional,
        "The most that a standby may be behind: the server itself, or the slowest one of a primary."),
      probeTimeout,
    ])

  static let redisProbe = Record(
    name: "redis-probe", summary: "Passes when a Redis answers PING, and uses no more memory than it may.",
    fields: [
      Field("host", .text(.line), .required, "A name or an address."),
      Field("port", .integer(1...65_535), .defaulted(.integer(Int64(HealthProbe.Redis.defaultPort))), "The port."),
      Field("user", .text(.line), .optional, "The user of an access list; without one a password alone."),
      Field("password-file", .text(.path), .optional, "A file with the password on its first line."),
      Field("max-memory", .size, .optional, "The most memory that it may use."),
      probeTimeout,
    ])

  static let tlsProbe = Record(
    name: "tls-probe", summary: "Passes when a server's certificates are good, and for some time more.",
    fields: [
      Field("host", .text(.line), .required, "A name or an address."),
      Field("port", .integer(1...65_535), .defaulted(.integer(Int64(HealthProbe.TLS.defaultPort))), "The port."),
      Field("name", .text(.line), .optional, "The name that the certificate has to be for; otherwise the host."),
      Field(
        "valid-for", .duration(minimum: .zero), .defaulted(HealthProbe.TLS.defaultValidity),
        "How long every certificate of the chain has to be valid from now on."),
      Field("certificate-file", .text(.path), .optional, "Certificates to trust (PEM) instead of the system's."),
      probeTimeout,
    ])

  private static let percent = Presence.defaulted(.integer(Int64(HealthProbe.Disk.defaultPercent)))

  static let diskProbe = Record(
    name: "disk-probe", summary: "Passes while a file system has room left.",
    fields: [
      Field("path", .text(.path), .required, "Anything on the file system."),
      Field("used-percent", .integer(1...100), percent, "The most that may be used."),
      Field("inodes-percent", .integer(1...100), percent, "The most of its inodes that may be used."),
      Field("free", .size, .optional, "The least that has to be free."),
      probeTimeout,
    ])

  static let memoryProbe = Record(
    name: "memory-probe", summary: "Passes while this host has memory left.",
    fields: [
      Field("used-percent", .integer(1...100), percent, "The most that may be in use."),
      Field("available", .size, .optional, "The least that has to be available."),
      probeTimeout,
    ])

  static let metricProbe = Record(
    name: "metric-probe", summary: "Passes while every series of a metric keeps to a threshold.",
    fields: [
      Field("url", .text(.webURL), .required, "The endpoint, without a password."),
      Field("name", .text(.line), .required, "The metric's name."),
      seriesLabels,
      Field(
        "per", .record(metricSeries), .optional,
        "The sum of the series is divided by the sum of these; otherwise each is compared by itself."),
      Field(
        "rate", .duration(minimum: .milliseconds(1)), .optional,
        "Looks twice, so far apart, and compares what it rises by in a second."),
      Field("is", .text(.line), .required, "A comparison with a number, such as `< 0.9`, `>= 1` or `== 0`."),
      probeTimeout,
    ],
    rule: { values in
      for labels in [values["labels"], values["per"]?["labels"]] {
        for (name, value) in (labels?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
          guard let text = value.string, text.hasPrefix("~"), (try? Regex(String(text.dropFirst()))) == nil else {
            continue
          }
          return RuleViolation(
            key: "labels", message: "`\(text)` of label `\(name)` is no regular expression", hint: nil)
        }
      }
      guard let text = values["is"]?.string, !isComparison(text) else { return nil }
      return RuleViolation(
        key: "is", message: "`\(text)` is no comparison with a number",
        hint: "write it as \"< 0.9\" or \">= 1\", in quotes")
    })

  private static let seriesLabels = Field(
    "labels", .textMap, .defaulted([:]),
    "What a series has to have; it may have more. \"~5..\" is a regular expression for the whole value.")

  static let metricSeries = Record(
    name: "metric-series", summary: "Series of a metric.",
    fields: [Field("name", .text(.line), .required, "The metric's name."), seriesLabels])

  private static func isComparison(_ text: String) -> Bool {
    guard let order = ["<=", ">=", "==", "!=", "<", ">"].first(where: text.hasPrefix) else { return false }
    return Double(text.dropFirst(order.count).drop { $0 == " " }).map { !$0.isNaN } ?? false
  }

  static let weightedGroup = Record(
    name: "weighted-checks", summary: "Passes when the weights of the checks that pass add up.",
    fields: [
      Field("least", .integer(1...1_000_000), .required, "What they have to add up to."),
      Field("of", .list(.record(weightedCheck), .uniqueBy("check")), .required, "The checks."),
    ],
    rule: { values in
      let sum = (values["of"]?.array ?? []).compactMap { $0["weight"]?.integer }.reduce(0, +)
      guard let least = values["least"]?.integer, least > sum else { return nil }
      return RuleViolation(
        key: "least", message: "all weights together are \(sum), so that this never passes", hint: "at most \(sum)")
    })

  static let weightedCheck = Record(
    name: "weighted-check", summary: "A check and its weight.",
    fields: [
      Field("check", .reference(.health), .required, "A check of this file that is no group itself."),
      Field("weight", .integer(1...1000), .defaulted(1), "Its weight."),
    ])

  /// A group of groups, which could hold itself.
  static func nestedGroup(in health: JSONValue?) -> RuleViolation? {
    let checks = health?.object ?? [:]
    func members(_ check: JSONValue) -> [String] {
      let listed = (check["all"] ?? check["any"])?.array?.compactMap(\.string) ?? []
      return listed + (check["weighted"]?["of"]?.array ?? []).compactMap { $0["check"]?.string }
    }
    for (name, check) in checks.sorted(by: { $0.key < $1.key }) {
      guard let nested = members(check).first(where: { checks[$0].map { !members($0).isEmpty } ?? false }) else {
        continue
      }
      return RuleViolation(
        key: "health", message: "check `\(name)` is a group and names `\(nested)`, which is a group as well",
        hint: "name that one's checks instead")
    }
    return nil
  }

  static let commandProbe = Record(
    name: "command-probe", summary: "Passes when a command exits with 0.",
    fields: [
      Field("run", .command, .required, "The command."),
      workingDirectory,
      variables,
      probeTimeout,
    ])
}
