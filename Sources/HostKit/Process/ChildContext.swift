/// What the children of one step of a run have in common.
package struct ChildContext: Sendable {
  /// The run's id: `RECOVER_RUN` in the child's environment.
  package var run: String
  /// The runner's epoch: `RECOVER_EPOCH`.
  package var epoch: Int64
  /// Where the output of the children is appended; made with mode 0600.
  package var logFile: String
  /// From SIGTERM to SIGKILL.
  package var grace: Duration
  /// Records a child durably.
  ///
  /// The child has not run its program before this returns, and never runs it when this throws or this
  /// process dies meanwhile.
  package var onStart: @Sendable (StartedChild) async throws -> Void

  package init(
    run: String, epoch: Int64, logFile: String, grace: Duration = .seconds(10),
    onStart: @escaping @Sendable (StartedChild) async throws -> Void
  ) {
    self.run = run
    self.epoch = epoch
    self.logFile = logFile
    self.grace = grace
    self.onStart = onStart
  }
}
