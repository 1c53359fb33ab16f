/// What a child is for, and so what may be ended with it.
package enum ChildKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// Work of the run. What it leaves in its session is ended with it.
  case run
  /// A build. Ended as `run` is.
  case build
  /// The start of a service. What it leaves running when it has finished is the service, and is never touched.
  case service
  /// A question that changes nothing. Ended as `run` is.
  case probe

  /// Whether what the child left behind belongs to it, and ends with it.
  var endsWhatItLeaves: Bool { self != .service }
}

/// A child that waits at its start gate: what has to be on disk before the gate is opened.
package struct StartedChild: Sendable, Hashable, Codable {
  package var kind: ChildKind
  /// Its pid is its process group and its session as well.
  package var identity: ProcessIdentity
  /// The program, without its arguments.
  package var program: String

  package init(kind: ChildKind, identity: ProcessIdentity, program: String) {
    self.kind = kind
    self.identity = identity
    self.program = program
  }
}
