/// Something that a swap of a database would fail at, or cut off.
package struct SwapObstacle: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case standbyServer, brokenDatabase, preparedTransaction, missingRight, untouchableSession, sessions, logicalSlot,
      subscription, standby, noSynchronousStandby, walRetention, archiving, pooler, fewConnections, grantor
  }

  package enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
    /// The swap can't succeed while it is so.
    case refuse
    /// The swap works, and somebody will notice.
    case warn
  }

  package var kind: Kind
  package var severity: Severity
  /// The slot, role, session or whatever else it is about.
  package var subject: String
  package var message: String
  package var hint: String

  package init(_ kind: Kind, _ severity: Severity, _ subject: String, _ message: String, hint: String) {
    self.kind = kind
    self.severity = severity
    self.subject = subject
    self.message = message
    self.hint = hint
  }
}
