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
  /// Recorded children: whatever is in their sessions. The caller leaves out those of the kind `service`.
  package var sessions: [ProcessIdentity]
  /// Also what has this run's id in its environment, unless a child of the kind `service` started it.
  package var run: String?
  /// Also what has this child's mark in its environment.
  var child: String?

  package init(sessions: [ProcessIdentity], run: String? = nil) {
    self.sessions = sessions
    self.run = run
  }
}
