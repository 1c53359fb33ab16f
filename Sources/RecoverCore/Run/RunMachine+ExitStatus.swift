package import RecoverBase

extension RunMachine {
  /// What the process tells its caller: a function of the final state and its recorded cause (I14).
  package var exitStatus: ExitStatus {
    switch state {
    case .succeeded: .success
    case .rolledBack: .rolledBack
    case .failedClean: cause?.code.exitStatus ?? .failedClean
    case .needsOperator, .abandoned: .needsOperator
    case .waiting: .waiting
    case .paused: pausedStatus
    case .planned, .running, .compensating, .finalizing: .interrupted
    }
  }

  private var pausedStatus: ExitStatus {
    switch cause?.code {
    case .interrupted: .interrupted
    case .terminated: .terminated
    default: .waiting
    }
  }
}
