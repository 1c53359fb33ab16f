/// What the statements of a dump have changed of the session so far: what a later session replays before it goes on.
///
/// Each change is kept as the dump wrote it, in the order in which they were made; a newer one of the same setting
/// replaces the older.
struct SessionState: Sendable, Hashable, Codable {
  struct Change: Sendable, Hashable, Codable {
    var key: String
    var statement: SQLText
  }

  private(set) var changes: [Change]

  init(changes: [Change] = []) { self.changes = changes }

  mutating func apply(_ change: SessionChange, statement: SQLText) {
    switch change {
    case .set(let key):
      changes.removeAll { $0.key == key }
      changes.append(Change(key: key, statement: statement))
    case .reset(let key): changes.removeAll { $0.key == key }
    case .resetSettings: changes.removeAll { !Self.identities.contains($0.key) }
    case .authorization(let isReset):
      // Another session user also ends SET ROLE (PostgreSQL, SET SESSION AUTHORIZATION).
      changes.removeAll { Self.identities.contains($0.key) }
      if !isReset { changes.append(Change(key: Self.authorizationKey, statement: statement)) }
    case .discard: changes = []
    }
  }

  static let authorizationKey = "session_authorization"
  private static let identities: Set<String> = [authorizationKey, "role"]
}

/// What one statement changes of the session.
enum SessionChange: Sendable, Hashable {
  case set(String)
  case reset(String)
  /// RESET ALL.
  case resetSettings
  case authorization(isReset: Bool)
  /// DISCARD ALL.
  case discard
}
