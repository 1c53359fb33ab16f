package import RecoverBase

/// A service behind three commands, as init scripts and systemctl(1) are.
///
/// The exit status of the status command decides, by the LSB ("Init Script Actions", status):
///
/// | status | means | here |
/// |---|---|---|
/// | 0 | it runs | `running` |
/// | 1, 2 | it is dead, and left a pid or lock file | `failed` |
/// | 3 | it does not run (`systemctl is-active` says so of a failed unit as well) | `stopped` |
/// | any other, a signal, a timeout, no such command | nothing is known | `unknown` |
package struct CommandService: ServiceDriver {
  package let name: String
  package let limits: ServiceLimits
  private let startCommand: Command
  private let stopCommand: Command
  private let statusCommand: Command

  package init(
    name: String, start: Command, stop: Command, status: Command, limits: ServiceLimits = ServiceLimits()
  ) {
    self.name = name
    self.limits = limits
    startCommand = start
    stopCommand = stop
    statusCommand = status
  }

  package func status(in context: ChildContext, deadline: Deadline) async throws -> ServiceState {
    do {
      let result = try await ChildProcess.run(statusCommand, kind: .probe, in: context, deadline: deadline)
      return try Self.state(of: result)
    } catch let error as RecoverError where error.code == .unreachable {
      return ServiceState(.unknown, error.message)
    }
  }

  package func orderStart(from state: ServiceState, in context: ChildContext, deadline: Deadline) async throws {
    let result = try await ChildProcess.run(startCommand, kind: .service, in: context, deadline: deadline)
    try result.requireSuccess("the start of service \(name)", logFile: context.logFile)
  }

  package func orderStop(in context: ChildContext, deadline: Deadline) async throws {
    let result = try await ChildProcess.run(stopCommand, kind: .run, in: context, deadline: deadline)
    try result.requireSuccess("the stop of service \(name)", logFile: context.logFile)
  }

  /// What the end of a status command says.
  ///
  /// - Throws: ``RecoverError`` `interrupted` when it was stopped because the task was cancelled.
  static func state(of result: ChildResult) throws -> ServiceState {
    let detail = "status command \(result.summary)"
    switch result.ending {
    case .exited(0): return ServiceState(.running, detail)
    case .exited(1), .exited(2): return ServiceState(.failed, detail)
    case .exited(3): return ServiceState(.stopped, detail)
    case .exited, .signalled, .timedOut, .lost: return ServiceState(.unknown, detail)
    case .interrupted: throw RecoverError(.interrupted, "stopped while asking for a service's status")
    }
  }
}
