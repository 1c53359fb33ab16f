package import RecoverBase

/// What recover leaves as the comment of a database that it made or renamed: whose it is, and how to undo it.
///
/// One line: a fixed prefix, then JSON. It is the proof that a database may be dropped, together with its OID.
package struct Breadcrumb: Sendable, Hashable, Codable {
  /// How far the load of a side database has come.
  package enum State: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing was loaded yet.
    case empty
    case loading
    case loaded
  }

  /// The run's id.
  package var run: String
  /// The host that the run was started on.
  package var host: String
  /// The hash of the plan.
  package var plan: Digest
  package var role: SideRole
  /// The name that the live database has.
  package var target: String
  /// The OID of the database that was live when the run began; nil where there was none.
  package var liveOID: UInt32?
  /// Nil for databases that are not being loaded.
  package var state: State?
  /// When it may be dropped; nil for as long as the run needs it.
  package var retainUntil: WallTime?
  /// The command that takes the run's effect back, for a person who finds the comment.
  package var undo: String
  /// Of tables that an exchange replaced: the foreign keys that were taken off them, in SQL that gives them back.
  package var foreignKeys: [String]?

  package init(
    run: String, host: String, plan: Digest, role: SideRole, target: String, liveOID: UInt32?, state: State? = nil,
    retainUntil: WallTime? = nil, undo: String
  ) {
    self.run = run
    self.host = host
    self.plan = plan
    self.role = role
    self.target = target
    self.liveOID = liveOID
    self.state = state
    self.retainUntil = retainUntil
    self.undo = undo
  }
}

extension Breadcrumb {
  /// Also what a query can look for; a comment that starts so and can't be read is by a newer recover.
  static let prefix = "recover breadcrumb 1: "

  /// The comment.
  package func text() throws -> String {
    Self.prefix + String(decoding: try JSONValue.canonicalBytes(of: self), as: UTF8.self)
  }

  /// Reads a comment; nil for a comment that is none of ours.
  package init?(comment: String?) {
    guard let comment, comment.hasPrefix(Self.prefix),
      let breadcrumb = try? JSONValue.decode(
        Breadcrumb.self, from: Array(comment.utf8.dropFirst(Self.prefix.utf8.count)))
    else { return nil }
    self = breadcrumb
  }

  /// The name that the database with this breadcrumb has.
  package var databaseName: String { SideNames.name(of: role, target: target, run: run) }
}
