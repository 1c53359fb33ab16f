package import RecoverBase

/// Ending other sessions, and proving that they are gone.
package enum Sessions {
  /// What came of it.
  package struct Outcome: Sendable, Hashable, Codable {
    /// How many sessions were asked to end.
    package var ended: Int
    /// Those that are still there because our role may not end them.
    package var untouchable: [ServerSession]
    /// Those that were asked to end, and had not when the time was over.
    package var lingering: [ServerSession]

    package var isClear: Bool { untouchable.isEmpty && lingering.isEmpty }
  }

  /// Ends every selected session that our role may end, again and again until none of them is left.
  ///
  /// Idempotent. It does not wait for those that our role may not end.
  ///
  /// - Parameter deadline: when it stops waiting; those left are then `lingering`.
  package static func end(
    _ selection: ServerSession.Selection, _ connection: inout Connection, until deadline: Deadline
  ) throws -> Outcome {
    var seen: Set<Seen> = []
    while true {
      let sessions = try ServerSession.signal(selection, &connection)
      let lingering = sessions.filter(\.isTerminable)
      for session in lingering { seen.insert(Seen(pid: session.pid, startedAt: session.startedAt)) }
      if lingering.isEmpty || deadline.hasPassed {
        return Outcome(ended: seen.count, untouchable: sessions.filter { !$0.isTerminable }, lingering: lingering)
      }
      try connection.pause()
    }
  }

  /// Ends the sessions of a run's earlier epochs, and proves them gone.
  ///
  /// - Throws: ``RecoverError`` `busy` naming those that are left.
  package static func endEarlierEpochs(
    of run: String, before epoch: Int64, _ connection: inout Connection, until deadline: Deadline
  ) throws {
    let outcome = try end(.run(run, before: epoch), &connection, until: deadline)
    guard !outcome.isClear else { return }
    throw outcome.error("sessions of an earlier start of run \(run) are still there")
  }

  private struct Seen: Hashable {
    var pid: Int32
    var startedAt: WallTime?
  }
}

extension Sessions.Outcome {
  /// The error of work that needs everybody gone.
  func error(_ what: String) -> RecoverError {
    let named = (untouchable + lingering).prefix(5).map(\.description).joined(separator: "; ")
    let more = untouchable.count + lingering.count - min(5, untouchable.count + lingering.count)
    let rest = more > 0 ? " and \(more) more" : ""
    if untouchable.isEmpty {
      return RecoverError(.busy, "\(what): \(named)\(rest)", hint: "end them by hand, then go on")
    }
    return RecoverError(
      .busy, "\(what), and our role may not end them: \(named)\(rest)",
      hint: "close those sessions, or let a superuser (admin-url in the policy) do this; sessions of ordinary roles "
        + "can be ended after GRANT pg_signal_backend TO our role")
  }
}
