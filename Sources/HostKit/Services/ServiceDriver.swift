package import RecoverBase

/// Starts, stops and asks one service, whatever it is made of.
///
/// What a kind of service has to say is how to ask and how to give an order; ``start(in:)`` and ``stop(in:)``
/// make of it what is idempotent and proved.
package protocol ServiceDriver: Sendable {
  /// The service's name in the policy, for messages.
  var name: String { get }
  var limits: ServiceLimits { get }

  /// How the service is now.
  ///
  /// Changes nothing. What can't be found out is `unknown`, and no error.
  ///
  /// - Throws: ``RecoverError`` `interrupted` when the task is cancelled; what `context.onStart` throws.
  func status(in context: ChildContext, deadline: Deadline) async throws -> ServiceState

  /// Gives the order to start, and waits until it was carried out, but not until the service runs.
  ///
  /// - Parameter state: how the service was just now.
  /// - Throws: ``RecoverError`` `stepFailed`, `timedOut`, `interrupted`, `unreachable`.
  func orderStart(from state: ServiceState, in context: ChildContext, deadline: Deadline) async throws

  /// Gives the order to stop, and waits until it was carried out.
  ///
  /// - Throws: as ``orderStart(from:in:deadline:)``.
  func orderStop(in context: ChildContext, deadline: Deadline) async throws

  /// Appends the last lines that the service itself logged to the log of the step; nothing where nobody knows where it
  /// logs, or where it can't be read.
  func copyLog(lines: Int, in context: ChildContext, deadline: Deadline) async
}

extension ServiceDriver {
  package func copyLog(lines: Int, in context: ChildContext, deadline: Deadline) async {}

  /// Runs a command whose output is the service's log.
  func copyLog(_ command: Command, in context: ChildContext, deadline: Deadline) async {
    _ = try? await ChildProcess.run(command, kind: .probe, in: context, deadline: deadline)
  }

  /// How the service is now, within the service's own limit.
  package func status(in context: ChildContext) async throws -> ServiceState {
    try await status(in: context, deadline: .after(limits.status))
  }

  /// Starts the service, unless it runs, and waits until it is seen running.
  ///
  /// - Parameter pause: waits between two questions; throws when the task is cancelled.
  /// - Returns: how it was before.
  /// - Throws: ``RecoverError`` `stepFailed` when it did not stay up, `timedOut` when it was not seen running
  ///   in time, `interrupted`, or what the order threw.
  @discardableResult
  package func start(
    in context: ChildContext, pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) async throws -> ServiceState {
    let deadline = Deadline.after(limits.start)
    let before = try await status(in: context)
    switch before.phase {
    case .running: return before
    case .starting: break
    case .stopped, .failed, .partial, .unknown:
      try await ordered("start", within: limits.start, context) {
        try await orderStart(from: before, in: context, deadline: deadline)
      }
    }
    let settled = Deadline.after(limits.settle)
    while true {
      let state = try await status(in: context)
      if state.phase == .running { return before }
      if state.phase.isDown, settled.hasPassed {
        throw RecoverError(
          .stepFailed, "service \(name) was started and did not stay up: \(state.detail)",
          hint: "its start is in \(context.logFile); its own log says more")
      }
      guard !deadline.hasPassed else { throw late("running", limits.start, state, context) }
      try await wait(pause)
    }
  }

  /// Stops the service, unless it is down, and waits until it is seen down.
  ///
  /// - Parameter pause: as in ``start(in:pause:)``.
  /// - Returns: how it was before.
  /// - Throws: ``RecoverError`` `timedOut` when it was not seen down in time, `interrupted`, or what the order
  ///   threw.
  @discardableResult
  package func stop(
    in context: ChildContext, pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) async throws -> ServiceState {
    let deadline = Deadline.after(limits.stop)
    let before = try await status(in: context)
    if before.phase.isDown { return before }
    try await ordered("stop", within: limits.stop, context) { try await orderStop(in: context, deadline: deadline) }
    while true {
      let state = try await status(in: context)
      if state.phase.isDown { return before }
      guard !deadline.hasPassed else { throw late("stopped", limits.stop, state, context) }
      try await wait(pause)
    }
  }

  private func wait(_ pause: @Sendable (Duration) async throws -> Void) async throws {
    do {
      try await pause(limits.every)
    } catch {
      throw RecoverError(.interrupted, "stopped while waiting for service \(name)", underlying: error)
    }
  }

  /// Says of an order that was ended how long it had, and where that is written.
  private func ordered(
    _ order: String, within limit: Duration, _ context: ChildContext, _ body: () async throws -> Void
  ) async throws {
    do {
      try await body()
    } catch let error as RecoverError where error.code == .timedOut {
      throw RecoverError(
        .timedOut, "the \(order) of service \(name) took longer than \(limit.text) (\(order)-timeout), and was ended",
        hint: "its output is in \(context.logFile); a longer \(order)-timeout in the policy counts for the next run",
        underlying: error)
    }
  }

  private func late(
    _ wanted: String, _ limit: Duration, _ state: ServiceState, _ context: ChildContext
  ) -> RecoverError {
    RecoverError(
      .timedOut, "service \(name) is not \(wanted) after \(limit.text): it is \(state)",
      hint: "look at the service and at \(context.logFile), then resume")
  }
}
