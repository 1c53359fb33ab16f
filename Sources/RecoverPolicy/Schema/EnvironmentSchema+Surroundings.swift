internal import RecoverBase
internal import RecoverCore

extension EnvironmentSchema {
  static let service = Record(
    name: "service", summary: "A service that is stopped before its data is replaced.",
    fields: [
      Field("command", .record(commandControl), .optional, "A service behind three commands."),
      Field("compose", .record(composeControl), .optional, "A service of a Compose project."),
      Field("systemd", .record(systemdControl), .optional, "A unit of systemd."),
      Field("process", .record(processControl), .optional, "A program that is started and left running."),
      limit("start-timeout", ServicePolicy.defaultStartTimeout, "How long starting may take."),
      limit("stop-timeout", ServicePolicy.defaultStopTimeout, "How long stopping may take."),
      limit("status-timeout", ServicePolicy.defaultStatusTimeout, "How long asking may take."),
    ],
    exactlyOne: ["command", "compose", "systemd", "process"])

  static let systemdControl = Record(
    name: "systemd-service", summary: "A unit of systemd.",
    fields: [
      Field("unit", .text(.line), .required, "The unit's name."),
      Field("user", .boolean, .defaulted(false), "Whether the calling user's own manager has it."),
    ])

  static let processControl = Record(
    name: "process-service", summary: "A program that nothing else supervises, for development.",
    fields: [
      Field("run", .command, .required, "The program; it stays in the foreground."),
      workingDirectory,
      variables,
      Field("pid-file", .text(.path), .required, "Which process it is is written there."),
      Field("log-file", .text(.path), .required, "What it prints is appended there."),
    ])

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
      Field(
        "start", .choice(ServicePolicy.ComposeControl.Start.allCases.map(\.rawValue)),
        .defaulted(.string(ServicePolicy.ComposeControl.Start.start.rawValue)),
        "The containers that are there; `up` makes those anew whose image or configuration changed, `recreate` all."),
      Field(
        "stop", .choice(ServicePolicy.ComposeControl.Stop.allCases.map(\.rawValue)),
        .defaulted(.string(ServicePolicy.ComposeControl.Stop.stop.rawValue)),
        "Whether the containers stay, or are removed (`down`)."),
      Field("scale", .integer(1...1000), .optional, "How many containers it has."),
    ])
}
