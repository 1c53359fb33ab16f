internal import RecoverBase
internal import RecoverCore

extension EnvironmentSchema {
  static let service = Record(
    name: "service", summary: "A service that is stopped before its data is replaced.",
    fields: [
      Field("command", .record(commandControl), .optional, "A service behind three commands."),
      Field("compose", .record(composeControl), .optional, "A service of a Compose project."),
      limit("start-timeout", ServicePolicy.defaultStartTimeout, "How long starting may take."),
      limit("stop-timeout", ServicePolicy.defaultStopTimeout, "How long stopping may take."),
      limit("status-timeout", ServicePolicy.defaultStatusTimeout, "How long asking may take."),
    ],
    exactlyOne: ["command", "compose"])

  static let commandControl = Record(
    name: "command-service", summary: "The commands of a service.",
    fields: [
      Field("start", .command, .required, "Starts it; does nothing when it runs."),
      Field("stop", .command, .required, "Stops it; does nothing when it is stopped."),
      Field("status", .command, .required, "Exits with 0 when it runs and with 3 when it is stopped."),
      workingDirectory,
      variables,
    ])

  static let composeControl = Record(
    name: "compose-service", summary: "Where a service of Compose is described.",
    fields: [
      Field("file", .oneOrMany(.text(.path)), .required, "The project's file, or files that override each other."),
      Field("project", .text(.line), .optional, "The project's name."),
      Field("service", .text(.line), .required, "The service's name in the file."),
    ])

  static let health = Record(
    name: "health-check", summary: "A probe, repeated until it has passed often enough in a row.",
    fields: [
      Field("http", .record(httpProbe), .optional, "Asks a web server."),
      Field("tcp", .record(tcpProbe), .optional, "Connects to a port."),
      Field("postgres", .record(postgresProbe), .optional, "Asks a database of this file."),
      Field("command", .record(commandProbe), .optional, "Runs a command."),
      limit("every", HealthPolicy.defaultInterval, "From the start of one probe to the next."),
      limit("within", HealthPolicy.defaultLimit, "How long the check may take before it has failed."),
      Field("passes", .integer(1...1000), .defaulted(1), "How many probes in a row have to pass."),
    ],
    exactlyOne: ["http", "tcp", "postgres", "command"],
    rule: { values in
      guard let every = values["every"]?.string.flatMap(Duration.init(text:)),
        let within = values["within"]?.string.flatMap(Duration.init(text:)), let passes = values["passes"]?.integer
      else { return nil }
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
      probeTimeout,
    ])

  static let commandProbe = Record(
    name: "command-probe", summary: "Passes when a command exits with 0.",
    fields: [
      Field("run", .command, .required, "The command."),
      workingDirectory,
      variables,
      probeTimeout,
    ])
}
