/// What the process tells its caller: the table of `docs/exit-codes.md`, one case a row.
package enum ExitStatus: Int32, Sendable, Codable, CaseIterable {
  /// Succeeded, and every postcondition was checked.
  case success = 0
  /// Failed before any effect: server unreachable, role missing, no space.
  case failedClean = 1
  /// The command line or the policy is wrong.
  case usage = 2
  /// Failed, and rolled back clean.
  case rolledBack = 3
  /// An operator is needed, or the journal cannot be written.
  case needsOperator = 4
  /// The backup was refused before any effect, or the verdict of a check is negative.
  case refused = 5
  /// The target is claimed or leased by another run, or the lease was lost.
  case claimed = 6
  /// The plan drifted, or was not confirmed.
  case drifted = 7
  /// All well, but an objective (RTO, RPO) was missed.
  case objectiveMissed = 8
  /// Waiting for an approval, or paused.
  case waiting = 9
  /// Interrupted by Ctrl-C; the run can be resumed.
  case interrupted = 130
  /// Interrupted by SIGTERM; the run can be resumed.
  case terminated = 143
}
