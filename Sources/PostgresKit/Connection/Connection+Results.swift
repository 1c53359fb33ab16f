internal import RecoverBase

/// How queued commands are driven to their results, and how one that must stop is brought to an end.
extension Connection {
  /// How long a cancelled command may take to say so, before the connection is given up.
  private static let cancelGrace = Duration.seconds(20)

  /// Sends what is queued, reading what the server says meanwhile, so that neither side waits for the other.
  borrowing func flush() throws {
    while true {
      switch link.flush() {
      case .done: return
      case .failed:
        // The server may have said why before it hung up: the result that follows tells.
        _ = link.consumeInput()
        return
      case .pending:
        if try wait(for: [.read, .write]).contains(.read) { _ = link.consumeInput() }
      }
    }
  }

  /// The next result of what was sent; nil when there is none left.
  ///
  /// - Throws: ``RecoverError`` when interrupted or out of time; the command is cancelled and over then.
  mutating func nextResult() throws -> QueryResult? {
    do {
      return try awaitResult()
    } catch let halt as Halt {
      throw stopped(halt)
    }
  }

  private borrowing func awaitResult() throws -> QueryResult? {
    try flush()
    while link.isBusy {
      _ = try wait(for: .read)
      // A failure here is in the result that follows.
      _ = link.consumeInput()
    }
    return link.takeResult()
  }

  /// Cancels what runs, waits for its end, and says why.
  mutating func stopped(_ halt: Halt) -> RecoverError {
    let (oldInterruption, oldDeadline) = (interruption, deadline)
    interruption = nil
    deadline = .after(Self.cancelGrace)
    link.cancel()
    try? discardResults()
    interruption = oldInterruption
    deadline = oldDeadline
    switch halt {
    case .interrupted: return RecoverError(.interrupted, "stopped while the server worked on \(database)")
    case .timedOut: return RecoverError(.timedOut, "no answer in time from the server of \(database)")
    }
  }

  /// Reads and forgets what is left of a command.
  ///
  /// - Throws: ``Halt``.
  borrowing func discardResults() throws {
    while let result = try awaitResult() {
      switch result.status {
      case .copyIn: _ = link.putCopyEnd(refusal: "stopped")
      case .copyOut: while try copyOutStep({ _ in }) != .ended {}
      case .command, .rows, .singleRow, .empty, .failed: break
      }
      if link.isBroken { return }
    }
  }

  /// One step of COPY TO STDOUT; waits while nothing is here.
  borrowing func copyOutStep(_ body: (Span<UInt8>) throws -> Void) throws -> ServerLink.CopyData {
    while true {
      let step = try link.withCopyData(body)
      guard step == .pending else { return step == .failed ? .ended : step }
      _ = try wait(for: .read)
      guard link.consumeInput() else { return .ended }
    }
  }

  /// The error that a failed result is, for the caller.
  borrowing func failure(_ error: PostgresError) -> RecoverError {
    var failure = error.recoverError()
    if link.isBroken, error.sqlState == .none {
      failure.code = .connectionLost
      failure.message = "lost the connection to \(database): \(error.message)"
    } else if failure.code == .interrupted {
      // Not by us: somebody else cancelled it, or a timeout of the server did.
      failure.code = .timedOut
    }
    return failure
  }

  /// The error of a command that could not even be queued.
  borrowing func sendFailure() -> RecoverError {
    let error = PostgresError(sqlState: .none, message: link.lastMessage)
    return RecoverError(
      link.isBroken ? .connectionLost : .bug, "can't send a command to \(database): \(error.message)",
      underlying: error)
  }

  /// Throws when the interruption is raised or the deadline has passed already, before anything is sent.
  borrowing func checkBeforeSending() throws {
    if interruptionGrace == .zero { try interruption?.check() }
    if let deadline, deadline.hasPassed {
      throw RecoverError(.timedOut, "the time is over before the server of \(database) was asked")
    }
  }
}
