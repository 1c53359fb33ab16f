package import RecoverBase

/// Runs one program to its end: gated, logged, with a deadline, and never leaving anything behind that acts.
package enum ChildProcess {
  /// Runs a command in a session of its own, with stdin from /dev/null, and output appended to the log.
  ///
  /// The child waits until `context.onStart` has recorded it, and never runs when that throws or when this
  /// process dies before. When the deadline passes or the task is cancelled, its session gets SIGTERM, after
  /// `context.grace` SIGKILL, and the call returns when every process of it is proved gone. When it exits by
  /// itself, the same happens to what it left in its session, except for the kind `service`.
  ///
  /// A kind other than `service` that is ended early also loses what left its session but kept its environment.
  ///
  /// - Parameters:
  ///   - deadline: nil for none.
  ///   - outputBytes: how much of the standard output to keep apart, instead of logging it; what goes beyond
  ///     is read and dropped.
  /// - Returns: how it ended; a program that failed is no error here.
  /// - Throws: ``RecoverError`` when it never ran: `unreachable` without such a program, `interrupted` when
  ///   the task was cancelled first, or what `onStart` threw. `needsOperator` when it can't be ended.
  package static func run(
    _ command: Command, kind: ChildKind, in context: ChildContext, deadline: Deadline? = nil,
    outputBytes: Int? = nil
  ) async throws -> ChildResult {
    try requireNotCancelled(command)
    let child = try await BlockingThread.run("recover-spawn") { _ in
      try SpawnedChild.spawn(command, kind: kind, in: context, capturesOutput: outputBytes != nil)
    }
    do {
      try await context.onStart(child.started)
      try requireNotCancelled(command)
    } catch {
      try? await BlockingThread.run("recover-discard") { _ in child.discard() }
      throw error
    }
    return try await BlockingThread.run("recover-child") { interruption in
      try child.openGate()
      var wait = ChildWait(child, outputLimitBytes: outputBytes ?? 0)
      return try wait.finish(deadline: deadline, grace: context.grace, interruption: interruption)
    }
  }

  private static func requireNotCancelled(_ command: Command) throws {
    guard Task.isCancelled else { return }
    throw RecoverError(.interrupted, "\(command.program) was not run: stopped before it began")
  }
}
