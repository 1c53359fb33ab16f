/// A process that a recorded child left behind, or the child itself.
package struct Survivor: Sendable, Hashable {
  package var identity: ProcessIdentity
  /// The program's name, at most 15 bytes; never its arguments, which may hold secrets.
  package var name: String
  package var evidence: Evidence

  /// How it is known to be the child's.
  package enum Evidence: String, Sendable, Hashable {
    /// It is in the child's session.
    case session
    /// Its environment says so.
    case environment
    /// It is in a session with the child's number, but the child is gone and its environment is another:
    /// perhaps somebody else's, who was given the number anew. Never ended by itself.
    case doubtful
  }
}

extension Survivor: CustomStringConvertible {
  package var description: String { "\(name) (pid \(identity.pid))" }
}

/// Whose processes are looked for.
package struct SurvivorSearch: Sendable, Hashable {
  /// Recorded children, whose sessions are searched: none that started a service and has finished.
  package var sessions: [ProcessIdentity]
  /// Also what has this run's id in its environment, unless a child of the kind `service` started it.
  package var run: String?
  /// Also what has this child's mark in its environment.
  var child: String?

  package init(sessions: [ProcessIdentity], run: String? = nil) {
    self.sessions = sessions
    self.run = run
  }

  /// What a takeover of a run has to end, of the children that were recorded.
  ///
  /// The start of a service is among it only while it has not finished: what it left running is the service.
  package init(takeoverOf run: String, children: [StartedChild]) {
    self.init(
      sessions: children.filter { $0.kind.endsWhatItLeaves || $0.identity.isAlive }.map(\.identity), run: run)
  }
}
