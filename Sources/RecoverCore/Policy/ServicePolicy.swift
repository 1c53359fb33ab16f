/// A service that is stopped before its data is replaced, and started again.
package struct ServicePolicy: Sendable, Hashable {
  package static let defaultStartTimeout = Duration.seconds(120)
  package static let defaultStopTimeout = Duration.seconds(60)
  package static let defaultStatusTimeout = Duration.seconds(10)

  package var control: Control
  /// How long starting may take; the same for the others.
  package var startTimeout: Duration
  package var stopTimeout: Duration
  package var statusTimeout: Duration

  package init(
    control: Control, startTimeout: Duration = Self.defaultStartTimeout,
    stopTimeout: Duration = Self.defaultStopTimeout, statusTimeout: Duration = Self.defaultStatusTimeout
  ) {
    self.control = control
    self.startTimeout = startTimeout
    self.stopTimeout = stopTimeout
    self.statusTimeout = statusTimeout
  }
}

extension ServicePolicy {
  /// How a service is started, stopped and asked.
  package enum Control: Sendable, Hashable {
    case command(CommandControl)
    case compose(ComposeControl)
    case systemd(SystemdControl)
    case process(ProcessControl)
  }

  /// A service behind three commands.
  package struct CommandControl: Sendable, Hashable, Codable {
    package var start: Invocation
    package var stop: Invocation
    /// Exit status 0: it runs; 3: it is stopped (as systemctl(1) and the LSB have it); any other: unknown.
    package var status: Invocation
    /// Where the commands run, absolute.
    package var workingDirectory: String
    /// Added to the environment of the commands; stored with the plan, so no place for secrets.
    package var environment: [String: String]

    package init(
      start: Invocation, stop: Invocation, status: Invocation, workingDirectory: String,
      environment: [String: String] = [:]
    ) {
      self.start = start
      self.stop = stop
      self.status = status
      self.workingDirectory = workingDirectory
      self.environment = environment
    }

    enum CodingKeys: String, CodingKey {
      case start
      case stop
      case status
      case workingDirectory = "working-directory"
      case environment
    }
  }

  /// A service of a Compose project, driven by whichever Compose is installed.
  package struct ComposeControl: Sendable, Hashable, Codable {
    /// The project's files, absolute, in the order in which they override each other; never empty.
    package var files: [String]
    /// The project's name; nil: what Compose takes from the first file's directory.
    package var project: String?
    /// The service's name in the files.
    package var service: String
    package var start: Start
    package var stop: Stop
    /// How many containers it has; nil for as many as there are.
    package var scale: Int?

    package init(
      files: [String], project: String? = nil, service: String, start: Start = .start, stop: Stop = .stop,
      scale: Int? = nil
    ) {
      self.files = files
      self.project = project
      self.service = service
      self.start = start
      self.stop = stop
      self.scale = scale
    }

    package enum Start: String, Sendable, Hashable, Codable, CaseIterable {
      /// The containers that are there are started.
      case start
      /// Those whose image or configuration changed are made anew.
      case up
      /// All are made anew.
      case recreate
    }

    package enum Stop: String, Sendable, Hashable, Codable, CaseIterable {
      /// The containers stay.
      case stop
      /// They are removed.
      case down
    }

    enum CodingKeys: String, CodingKey {
      case files = "file"
      case project, service, start, stop, scale
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      files = try container.decode([String].self, forKey: .files)
      project = try container.decodeIfPresent(String.self, forKey: .project)
      service = try container.decode(String.self, forKey: .service)
      // Plans of before these keys start and stop what is there.
      start = try container.decodeIfPresent(Start.self, forKey: .start) ?? .start
      stop = try container.decodeIfPresent(Stop.self, forKey: .stop) ?? .stop
      scale = try container.decodeIfPresent(Int.self, forKey: .scale)
    }
  }
}

extension ServicePolicy {
  /// A unit of systemd.
  package struct SystemdControl: Sendable, Hashable, Codable {
    package var unit: String
    /// Whether the calling user's own manager has it, and not the system's.
    package var user: Bool

    package init(unit: String, user: Bool = false) {
      self.unit = unit
      self.user = user
    }
  }

  /// A program that is started and left running, for development.
  package struct ProcessControl: Sendable, Hashable, Codable {
    package var run: Invocation
    /// Where it runs, absolute.
    package var workingDirectory: String
    /// Added to its environment; stored with the plan, so no place for secrets.
    package var environment: [String: String]
    /// The file that says which process it is, absolute.
    package var pidFile: String
    /// What it prints is appended to it, absolute.
    package var logFile: String

    package init(
      run: Invocation, workingDirectory: String, environment: [String: String] = [:], pidFile: String, logFile: String
    ) {
      self.run = run
      self.workingDirectory = workingDirectory
      self.environment = environment
      self.pidFile = pidFile
      self.logFile = logFile
    }

    enum CodingKeys: String, CodingKey {
      case run, environment
      case workingDirectory = "working-directory"
      case pidFile = "pid-file"
      case logFile = "log-file"
    }
  }
}

extension ServicePolicy: Codable {
  enum CodingKeys: String, CodingKey {
    case command
    case compose
    case systemd
    case process
    case startTimeout = "start-timeout"
    case stopTimeout = "stop-timeout"
    case statusTimeout = "status-timeout"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let compose = try container.decodeIfPresent(ComposeControl.self, forKey: .compose) {
      control = .compose(compose)
    } else if let systemd = try container.decodeIfPresent(SystemdControl.self, forKey: .systemd) {
      control = .systemd(systemd)
    } else if let process = try container.decodeIfPresent(ProcessControl.self, forKey: .process) {
      control = .process(process)
    } else {
      control = .command(try container.decode(CommandControl.self, forKey: .command))
    }
    startTimeout = try container.decode(DurationText.self, forKey: .startTimeout).wrappedValue
    stopTimeout = try container.decode(DurationText.self, forKey: .stopTimeout).wrappedValue
    statusTimeout = try container.decode(DurationText.self, forKey: .statusTimeout).wrappedValue
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch control {
    case .command(let command): try container.encode(command, forKey: .command)
    case .compose(let compose): try container.encode(compose, forKey: .compose)
    case .systemd(let systemd): try container.encode(systemd, forKey: .systemd)
    case .process(let process): try container.encode(process, forKey: .process)
    }
    try container.encode(DurationText(wrappedValue: startTimeout), forKey: .startTimeout)
    try container.encode(DurationText(wrappedValue: stopTimeout), forKey: .stopTimeout)
    try container.encode(DurationText(wrappedValue: statusTimeout), forKey: .statusTimeout)
  }
}
