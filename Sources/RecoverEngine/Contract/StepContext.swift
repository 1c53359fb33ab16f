package import RecoverBase
package import RecoverCore

/// What a step is given to work with: the run as it stands, and the ways to report from inside.
package struct StepContext: Sendable {
  package var run: RunID
  package var epoch: Int64
  package var plan: Plan
  package var step: PlannedStep
  /// The number of the attempt, from 1; 0 in guards and first probes.
  package var attempt: Int
  /// What `observe` saw before the first attempt.
  package var snapshot: JSONValue?
  /// What this step itself left as evidence, for its undo.
  package var evidence: JSONValue?
  /// What earlier steps left as evidence, by step id.
  package var outputs: [String: JSONValue]
  /// What `observe` of any step saw, by step id.
  package var snapshots: [String: JSONValue]
  /// The latest value of each of this step's checkpoints.
  package var checkpoints: [String: JSONValue]
  /// The directory for logs and spooled files of this run; made on demand, mode 0700.
  package var directory: String
  package var reporter: any StepReporter

  package init(
    run: RunID, epoch: Int64, plan: Plan, step: PlannedStep, attempt: Int, snapshot: JSONValue?,
    evidence: JSONValue? = nil,
    outputs: [String: JSONValue], snapshots: [String: JSONValue], checkpoints: [String: JSONValue],
    directory: String, reporter: any StepReporter
  ) {
    self.run = run
    self.epoch = epoch
    self.plan = plan
    self.step = step
    self.attempt = attempt
    self.snapshot = snapshot
    self.evidence = evidence
    self.outputs = outputs
    self.snapshots = snapshots
    self.checkpoints = checkpoints
    self.directory = directory
    self.reporter = reporter
  }

  /// The name under which the run's sessions and children can be found: `recover/<run>/<epoch>`.
  package var mark: String { "recover/\(run.text)/\(epoch)" }

  /// The log file of this step.
  package var logFile: String { "\(directory)/\(step.id).log" }
}

/// The ways in which a step reports while it works.
package protocol StepReporter: Sendable {
  /// Journals progress that a crash can't take back. Durable when it returns.
  func checkpoint(_ name: String, _ value: JSONValue) async throws
  /// Journals a child that waits at its start gate. Durable when it returns; only then is the gate opened.
  func childStarted(_ child: JSONValue) async throws
  /// Shows progress to people; may be called from any thread, and often.
  func progress(_ progress: Progress)
  /// Dies here when `RECOVER_CRASH_AT` names the point.
  func reach(_ point: String)
}

/// How far a step has come, for people.
package struct Progress: Sendable, Hashable {
  /// Bytes of the input consumed, and in all; for the rate and the time that is left.
  package var doneBytes: Int64
  package var totalBytes: Int64?
  /// What is being worked on, for instance a table.
  package var detail: String?
  /// Whether bytes go on meanwhile; without that nobody knows how long it takes.
  package var isMeasured: Bool

  package init(doneBytes: Int64, totalBytes: Int64? = nil, detail: String? = nil, isMeasured: Bool = true) {
    self.isMeasured = isMeasured
    self.doneBytes = doneBytes
    self.totalBytes = totalBytes
    self.detail = detail
  }
}
