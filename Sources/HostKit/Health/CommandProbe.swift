package import RecoverBase

/// Passes when a command exits with 0.
///
/// A command that is not there, or that the shell can't find or run (126, 127), says nothing: `unknown`.
package struct CommandProbe: ProbeDriver {
  private let command: Command
  private let context: ChildContext

  package init(_ command: Command, in context: ChildContext) {
    self.command = command
    self.context = context
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      let result = try await ChildProcess.run(command, kind: .probe, in: context, deadline: deadline)
      switch result.ending {
      case .exited(0): return .healthy
      case .exited(126), .exited(127), .interrupted, .lost: return .unknown("\(command.program) \(result.summary)")
      case .exited, .signalled, .timedOut: return .unhealthy("\(command.program) \(result.summary)")
      }
    } catch let error as RecoverError {
      return .unknown(error.message)
    } catch {
      return .unknown("\(command.program) could not be run: \(error)")
    }
  }
}
