package import RecoverBase

/// A unit of systemd, asked and ordered through systemctl(1).
///
/// | ActiveState | here |
/// |---|---|
/// | active, reloading, refreshing, maintenance | `running` |
/// | activating | `starting` (`auto-restart` as well) |
/// | deactivating | `running`: it is not down yet |
/// | inactive | `stopped` |
/// | failed | `failed` |
/// | any other, no systemd | `unknown` |
package struct SystemdService: ServiceDriver {
  package let name: String
  package let limits: ServiceLimits
  private let unit: String
  private let isOfUser: Bool
  private let environment: [String: String]

  /// - Parameters:
  ///   - name: the service's name in the policy.
  ///   - unit: the unit's name; `.service` where it has no suffix.
  ///   - isOfUser: whether the calling user's own manager has it.
  ///   - environment: over this process's, for systemctl.
  package init(
    name: String, unit: String, isOfUser: Bool = false, environment: [String: String] = [:],
    limits: ServiceLimits = ServiceLimits()
  ) {
    self.name = name
    self.limits = limits
    self.unit = unit
    self.isOfUser = isOfUser
    self.environment = environment
  }

  /// How the unit is.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` for a unit that there is not: a misspelt one would look like one that is
  ///   stopped. `interrupted`.
  package func status(in context: ChildContext, deadline: Deadline) async throws -> ServiceState {
    let words = ["show", "--property=LoadState,ActiveState,SubState,Result", "--", unit]
    let result: ChildResult
    do {
      result = try await ChildProcess.run(
        command(words), kind: .probe, in: context, deadline: deadline, outputBytes: 4096)
    } catch let error as RecoverError where error.code == .unreachable {
      return ServiceState(.unknown, error.message)
    }
    switch result.ending {
    case .exited(0): return try state(String(decoding: result.output, as: UTF8.self))
    case .interrupted: throw RecoverError(.interrupted, "stopped while asking systemd")
    case .exited, .signalled, .timedOut, .lost: return ServiceState(.unknown, "systemctl \(result.summary)")
    }
  }

  package func orderStart(from state: ServiceState, in context: ChildContext, deadline: Deadline) async throws {
    // A unit that failed too often is not started again before its count is forgotten.
    if state.phase == .failed {
      _ = try await ChildProcess.run(
        command(["reset-failed", "--", unit]), kind: .run, in: context, deadline: deadline)
    }
    try await order(["start", "--", unit], "the start of service \(name)", .service, context, deadline)
  }

  /// Stops the unit; when that takes too long, its processes get SIGKILL.
  ///
  /// The last of the time, a quarter and at most ten seconds, is for that: a stop that is only given up goes on in systemd.
  package func orderStop(in context: ChildContext, deadline: Deadline) async throws {
    let what = "the stop of service \(name)"
    let left = deadline.remaining
    let patience = Deadline(.now + (left - min(left / 4, .seconds(10))))
    do {
      try await order(["stop", "--", unit], what, .run, context, patience)
    } catch let error as RecoverError where error.code == .timedOut {
      try await order(["kill", "--signal=SIGKILL", "--", unit], what, .run, context, deadline)
    }
  }

  package func copyLog(lines: Int, in context: ChildContext, deadline: Deadline) async {
    let words = ["journalctl", "--no-pager", "--quiet", "--lines=\(lines)", isOfUser ? "--user-unit" : "--unit", unit]
    await copyLog(Command(words, environment: environment), in: context, deadline: deadline)
  }

  private func order(
    _ words: [String], _ what: String, _ kind: ChildKind, _ context: ChildContext, _ deadline: Deadline
  ) async throws {
    let result = try await ChildProcess.run(command(words), kind: kind, in: context, deadline: deadline)
    try result.requireSuccess(what, logFile: context.logFile)
  }

  private func command(_ words: [String]) -> Command {
    let manager = isOfUser ? ["--user"] : []
    return Command(
      ["systemctl", "--no-pager", "--no-ask-password"] + manager + words,
      environment: environment.merging(["SYSTEMD_COLORS": "0", "LC_ALL": "C"]) { given, _ in given })
  }

  /// What `systemctl show` printed.
  func state(_ text: String) throws -> ServiceState {
    var properties: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      properties[line[..<equals]] = line[line.index(after: equals)...]
    }
    let load = properties["LoadState"] ?? ""
    guard load != "not-found" else {
      throw RecoverError(
        .policyInvalid, "service \(name): systemd has no unit `\(unit)`",
        hint: "systemctl\(isOfUser ? " --user" : "") list-unit-files lists them")
    }
    let (active, sub, result) = (
      properties["ActiveState"] ?? "", properties["SubState"] ?? "", properties["Result"] ?? ""
    )
    let detail = "\(active)/\(sub)" + (result.isEmpty || result == "success" ? "" : ", \(result)")
    switch active {
    case "active", "reloading", "refreshing", "maintenance", "deactivating": return ServiceState(.running, detail)
    case "activating": return ServiceState(.starting, detail)
    case "inactive": return ServiceState(.stopped, load == "masked" ? "masked" : detail)
    case "failed": return ServiceState(.failed, detail)
    default: return ServiceState(.unknown, "systemctl show printed no ActiveState that is known: \(active)")
    }
  }
}
