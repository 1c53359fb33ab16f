/// A commit, as people know it.
package struct GitCommit: Sendable, Hashable, Codable {
  /// All digits of its object id.
  package var id: String
  /// The first line of its message.
  package var subject: String
  /// When it was committed.
  package var time: WallTime

  package init(id: String, subject: String, time: WallTime) {
    self.id = id
    self.subject = subject
    self.time = time
  }

  /// The first 12 digits.
  package var short: String { String(id.prefix(12)) }
}
