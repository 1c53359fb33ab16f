package import RecoverBase
package import RecoverCore

/// Makes the steps of a plan; the composition fills it with drivers.
package protocol StepCatalog: Sendable {
  /// The implementation of a planned step.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` for a `uses` that it does not know or parameters that don't fit.
  func step(for planned: PlannedStep, of plan: Plan) throws -> any Step
}

/// Time and chance, so that a simulation can script both.
package protocol EngineClock: Sendable {
  var wallTime: WallTime { get }
  var moment: Moment { get }
  /// In 0..<1.
  func random() -> Double
  /// - Throws: `CancellationError` when the task is cancelled first.
  func sleep(for duration: Duration) async throws
}

/// Ends what a dead, stopped or hung runner left behind, before a new epoch acts.
package protocol Fence: Sendable {
  /// Ends the runner itself, then its children of kind run or build and its sessions on the target, and
  /// proves them gone. What a service's `start` left running is not touched.
  ///
  /// - Parameter children: what ``StepReporter/childStarted(_:)`` journaled, by any epoch before.
  func endPredecessor(_ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64)
    async throws
}

/// A lock on the target itself, so that a runner with another state directory or on another host is kept out.
package protocol TargetLocker: Sendable {
  /// Takes the lock and keeps it until it is released or the process ends.
  ///
  /// - Throws: ``RecoverError`` `claimed` when somebody else holds it, saying who if that can be known.
  func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock
}

/// A lock that is held on a target.
package protocol HeldTargetLock: Sendable {
  /// Whether the lock is still ours.
  func isHeld() async -> Bool
  func release() async
}

/// Sees everything that happens in a run, in order: live progress, `--json`, notifications.
package protocol RunObserver: Sendable {
  func recorded(_ record: JournalRecord, _ event: RunEvent, machine: RunMachine)
  func progressed(step: String, _ progress: Progress)
}

/// Who a runner is, so that it can be found again and told from a process that reused its pid.
package struct RunnerIdentity: Sendable, Hashable, Codable {
  package var host: String
  /// The kernel's boot id: after a reboot no process of before exists.
  package var bootID: String
  package var pid: Int32
  /// Clock ticks from boot to the process's start (proc(5), field 22 of stat).
  package var startTime: UInt64
  package var user: String

  package init(host: String, bootID: String, pid: Int32, startTime: UInt64, user: String) {
    self.host = host
    self.bootID = bootID
    self.pid = pid
    self.startTime = startTime
    self.user = user
  }
}
