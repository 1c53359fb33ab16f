package import RecoverBase

/// What stands between us and the server's backends.
package enum Pooling: String, Sendable, Hashable, Codable, CaseIterable {
  /// Each connection has its own backend, made for it.
  case direct
  /// A pooler or proxy, which keeps one backend for a connection as long as it lasts, as far as can be seen.
  case session
  /// A pooler that hands out backends by transaction or by statement: settings, locks and the proof of who runs what do
  /// not hold there.
  case transaction
}

extension Pooling {
  private static let rounds = 8

  /// Finds out, by opening two connections.
  ///
  /// The process id that libpq got with the cancellation key is the backend's own on a direct connection; a pooler hands
  /// out a key that it made up. A pooler by transaction gives itself away by one of two things that can't happen
  /// otherwise: two open connections meet in one backend, or one connection meets two backends.
  ///
  /// - Throws: ``RecoverError`` of connecting; `connectionLost`.
  package static func detect(
    _ settings: ConnectionSettings, timeout: Duration? = nil, interruption: Interruption? = nil
  ) throws -> Pooling {
    var first = try Connection(settings, timeout: timeout, interruption: interruption)
    let announced = first.backendPid
    var firstSeen: Set<Int32> = [try backend(of: &first)]
    // One round trip suffices where nothing is in between.
    if firstSeen == [announced] { return .direct }
    var second = try Connection(settings, timeout: timeout, interruption: interruption)
    var secondSeen: Set<Int32> = []
    for _ in 0..<rounds {
      secondSeen.insert(try backend(of: &second))
      firstSeen.insert(try backend(of: &first))
    }
    let isShared = firstSeen.count > 1 || secondSeen.count > 1 || !firstSeen.isDisjoint(with: secondSeen)
    return isShared ? .transaction : .session
  }

  private static func backend(of connection: inout Connection) throws -> Int32 {
    let pid = try connection.value("SELECT pg_catalog.pg_backend_pid()").flatMap { Int32($0) }
    return try pid.orMissing("the server does not tell its process id")
  }

  /// Refuses to go on behind a pooler by transaction.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget`.
  package func checkUsable(_ settings: ConnectionSettings) throws {
    switch self {
    case .direct, .session: return
    case .transaction:
      throw RecoverError(
        .wrongTarget, "\(settings) leads through a pooler that hands out connections by transaction", hint: Self.hint)
    }
  }

  static let hint =
    "give the address of the PostgreSQL server itself (with PgBouncer: host and port of its [databases])"
}
