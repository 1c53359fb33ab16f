internal import RecoverBase

/// How a child that ran ended, and what it said.
package struct ChildResult: Sendable {
  package var child: StartedChild
  package var ending: Ending
  /// The end of what it wrote to the log.
  package var tail: OutputTail
  /// The front of its standard output, where that was asked for.
  package var output: [UInt8]
  /// Whether it wrote more than was asked for.
  package var outputIsCut: Bool
  /// The processes of its session that had to be ended, the child itself among them.
  package var ended: [Survivor]

  /// How the child itself ended.
  package enum Ending: Sendable, Hashable {
    case exited(Int32)
    /// By a signal that did not come from here.
    case signalled(Int32)
    /// It was ended because its deadline passed.
    case timedOut
    /// It was ended because the task was cancelled.
    case interrupted
    /// The kernel did not keep its status, since this process ignores SIGCHLD.
    case lost
  }
}

extension ChildResult {
  /// What happened, for messages: `exited with 2: no space left on device`; without secrets, as far as they are known.
  package var summary: String {
    let end =
      switch ending {
      case .exited(let status): "exited with \(status)"
      case .signalled(let signal): "was ended by signal \(signal)"
      case .timedOut: "was ended: it took too long"
      case .interrupted: "was stopped"
      case .lost: "ended, and its exit status is not known"
      }
    let known = SecretMask.secrets(in: ChildEnvironment.inherited)
    return tail.lastLine.map { "\(end): \(SecretMask.masked($0, known: known))" } ?? end
  }

  /// Fails unless the child exited with 0.
  ///
  /// - Parameter what: what the child was for: `the start of service app`.
  /// - Throws: ``RecoverError`` `timedOut`, `interrupted` or `stepFailed`.
  package func requireSuccess(_ what: String, logFile: String) throws {
    let code: RecoverError.Code
    switch ending {
    case .exited(0): return
    case .timedOut: code = .timedOut
    case .interrupted: code = .interrupted
    case .exited, .signalled, .lost: code = .stepFailed
    }
    throw RecoverError(code, "\(what): \(child.program) \(summary)", hint: "its whole output is in \(logFile)")
  }
}
