/// The one error of this project: what failed and where, what to do next, and how it ends the process.
///
/// Messages and hints are lower-case, name the place (file, line, server, database) and never hold a
/// secret. Nothing ever matches on their text: code decides.
package struct RecoverError: Error, Sendable {
  package var code: Code
  /// What failed, and where.
  package var message: String
  /// What to do next, without the leading `hint:`.
  package var hint: String?
  /// What a lower layer said, kept for `--verbose` and the logs.
  package var underlying: (any Error)?

  package init(_ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }
}

extension RecoverError {
  /// What kind of failure it is; the raw value is written to the journal and to `--json`.
  package enum Code: String, Sendable, Codable, CaseIterable {
    /// The command line is wrong.
    case usage
    /// A policy or procedure file is wrong.
    case policyInvalid = "policy-invalid"
    /// A server, file or program that is needed can't be reached, read or found.
    case unreachable
    /// The server or database is not the one that was planned for.
    case wrongTarget = "wrong-target"
    /// A right, role, extension or feature that is needed is missing.
    case missingRequirement = "missing-requirement"
    /// Not enough disk, memory or connections.
    case noSpace = "no-space"
    /// The backup is damaged, incomplete, dangerous or not a backup.
    case backupRefused = "backup-refused"
    /// A check gave a negative verdict.
    case checkFailed = "check-failed"
    /// Another run holds or claims the target.
    case claimed
    /// The lease was lost to another runner.
    case leaseLost = "lease-lost"
    /// The world is not what the plan was made for.
    case drifted
    /// The plan was not confirmed.
    case notConfirmed = "not-confirmed"
    /// The journal can't be read or written, or is damaged.
    case journal
    /// Only a person can decide what happens next.
    case needsOperator = "needs-operator"
    /// A connection was lost, or a server went away, while it was in use.
    case connectionLost = "connection-lost"
    /// A deadline passed.
    case timedOut = "timed-out"
    /// A resource is held by somebody else for now: a lock, a deadlock victim.
    case busy
    /// A step's effect failed for a reason that trying again will not change.
    case stepFailed = "step-failed"
    /// The work was stopped by SIGTERM.
    case terminated
    /// The work was stopped by Ctrl-C or a request.
    case interrupted
    /// The work was cancelled by a person.
    case cancelled
    /// A run paused after its retries, or waits for an approval.
    case waiting
    /// A broken invariant of this program.
    case bug
  }
}

extension RecoverError.Code {
  /// The exit status of a failure with this code *before any effect*.
  package var exitStatus: ExitStatus {
    switch self {
    case .usage, .policyInvalid: .usage
    case .unreachable, .wrongTarget, .missingRequirement, .noSpace, .connectionLost, .timedOut, .busy,
      .stepFailed, .cancelled:
      .failedClean
    case .backupRefused, .checkFailed: .refused
    case .claimed, .leaseLost: .claimed
    case .drifted, .notConfirmed: .drifted
    case .journal, .needsOperator, .bug: .needsOperator
    case .waiting: .waiting
    case .interrupted: .interrupted
    case .terminated: .terminated
    }
  }

  /// Whether the same attempt may succeed a little later.
  package var isTransient: Bool {
    switch self {
    case .connectionLost, .timedOut, .busy, .unreachable, .checkFailed: true
    default: false
    }
  }
}

extension RecoverError: CustomStringConvertible {
  /// The message, and the hint on a line of its own.
  package var description: String {
    if let hint { "\(message)\nhint: \(hint)" } else { message }
  }
}
