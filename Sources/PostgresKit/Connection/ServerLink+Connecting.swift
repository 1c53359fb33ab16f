internal import Glibc
internal import RecoverBase

extension ServerLink {
  static let defaultTimeout = Duration.seconds(15)

  /// Connects; the work of ``Connection``'s initializer.
  static func connected(
    _ settings: ConnectionSettings, timeout: Duration?, interruption: Interruption?
  ) throws -> ServerLink {
    let hasService = unsafe getenv("PGSERVICE") != nil
    let link = try ServerLink(settings.connectingPairs(environment: hasService))
    let options = link.options
    let target = describe(options)
    let deadline = Deadline.after(timeout ?? Self.timeout(of: options))
    do {
      try link.finishConnecting(WaitLimits(interruption: interruption, deadline: deadline))
    } catch Halt.timedOut {
      throw RecoverError(.timedOut, "can't connect to \(target): no answer in time", hint: reachHint)
    } catch Halt.interrupted {
      throw RecoverError(.interrupted, "stopped while connecting to \(target)")
    } catch let problem as Libpq.Problem {
      throw link.connectError(problem.message, target: target)
    }
    return link
  }

  private static let reachHint = "check that the server runs and that host and port are right"

  /// The time that `connect_timeout` gives each host, for all of them together; 0 or less means no limit, which is a
  /// day here.
  private static func timeout(of options: [String: String]) -> Duration {
    guard let text = options["connect_timeout"], let seconds = Int(text) else { return defaultTimeout }
    guard seconds > 0 else { return .seconds(86_400) }
    let hosts = max(1, (options["host"] ?? options["hostaddr"] ?? "").split(separator: ",").count)
    return .seconds(max(2, min(seconds, 86_400)) * hosts)
  }

  /// - Throws: ``Halt``, or ``Libpq/Problem``.
  private borrowing func finishConnecting(_ limits: WaitLimits) throws {
    // "Behave as if PQconnectPoll last returned PGRES_POLLING_WRITING" (PostgreSQL, "Database Connection Control").
    var next = isBroken ? Connecting.failed : .writes
    while true {
      switch next {
      case .ready: return
      case .reads: _ = try limits.wait(for: .read, on: socket)
      case .writes: _ = try limits.wait(for: .write, on: socket)
      case .failed: throw Libpq.Problem(message: lastMessage)
      }
      next = advanceConnecting()
    }
  }

  private borrowing func connectError(_ message: String, target: String) -> RecoverError {
    let said = PostgresError(sqlState: .none, message: message)
    if lacksPassword {
      return RecoverError(
        .missingRequirement, "can't connect to \(target): the server wants a password",
        hint: "put it into ~/.pgpass (mode 0600), or name a password file in the policy", underlying: said)
    }
    let hint =
      usedPassword
      ? "the server answered: check the role's password (URL, PGPASSWORD, password file, ~/.pgpass), and the database"
      : Self.reachHint
    return RecoverError(.unreachable, "can't connect to \(target): \(message)", hint: hint, underlying: said)
  }

  /// `database x on host port 5432`, for messages.
  private static func describe(_ options: [String: String]) -> String {
    func option(_ keyword: String) -> String? { options[keyword].flatMap { $0.isEmpty ? nil : $0 } }
    let host = option("host") ?? option("hostaddr") ?? "the local socket"
    return "database \(option("dbname") ?? option("user") ?? "") on \(host) port \(option("port") ?? "")"
  }
}
