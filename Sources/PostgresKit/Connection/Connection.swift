package import RecoverBase

/// A connection to one database: blocking calls that an ``Interruption`` or a ``Deadline`` ends early.
///
/// Use it on a thread of its own (``BlockingThread``). It is closed when it goes out of scope; an open transaction is
/// then rolled back by the server. Strings are UTF-8 both ways.
package struct Connection: ~Copyable {
  let link: ServerLink
  /// What it was opened with.
  package let settings: ConnectionSettings
  private var limits: WaitLimits

  /// Connects.
  ///
  /// - Parameters:
  ///   - timeout: how long it may take in all; nil takes `connect_timeout` of the settings, the service or the
  ///     environment, and without one ``defaultTimeout``.
  ///   - interruption: kept for everything that the connection does.
  /// - Throws: ``RecoverError``: `unreachable`, `missingRequirement` where a password is wanted, `timedOut`,
  ///   `interrupted`.
  package init(_ settings: ConnectionSettings, timeout: Duration? = nil, interruption: Interruption? = nil) throws {
    link = try ServerLink.connected(settings, timeout: timeout, interruption: interruption)
    self.settings = settings
    limits = WaitLimits(interruption: interruption)
  }

  package static let defaultTimeout = ServerLink.defaultTimeout
}

// One thread at a time owns the value (it can't be copied), and libpq lets a connection move between threads.
extension Connection: @unchecked Sendable {}

extension Connection {
  /// Ends what runs, and everything after it, when raised.
  ///
  /// The server is asked to cancel, and the call throws `interrupted`. Set it to nil to clean up afterwards.
  package var interruption: Interruption? {
    get { limits.interruption }
    set { limits.interruption = newValue }
  }

  /// Ends what runs when it passes, in the same way, with `timedOut`.
  package var deadline: Deadline? {
    get { limits.deadline }
    set { limits.deadline = newValue }
  }

  /// How long a wait for the server may still take once the interruption is raised, so that the caller can end what it
  /// does in good order; none unless set.
  package var interruptionGrace: Duration {
    get { limits.grace }
    set { limits.grace = newValue }
  }

  /// Waits until the socket is ready for the events asked for, or has failed.
  ///
  /// - Throws: ``Halt``.
  func wait(for events: SocketEvents) throws -> SocketEvents { try limits.wait(for: events, on: link.socket) }
}

extension Connection {
  package enum TransactionStatus: Sendable {
    case idle
    /// A command runs.
    case active
    case open
    /// Open, and an error makes the server refuse everything but ROLLBACK.
    case failed
    /// The connection is lost.
    case unknown
  }

  package var transactionStatus: TransactionStatus { link.transaction }
  /// The version as one number: 150020 for 15.20.
  package var serverVersion: Int { link.serverVersion }
  package var backendPid: Int32 { link.backendPid }
  /// The host, or the directory of its socket, that was chosen of those in the settings.
  package var host: String { link.host }
  package var port: String { link.port }
  package var user: String { link.user }
  package var database: String { link.database }
  /// Whether the connection can't be used any more.
  package var isLost: Bool { link.isBroken }

  /// What the server reports of itself: `server_encoding`, `is_superuser`, `in_hot_standby` ...
  package func parameterStatus(_ name: String) -> String? { link.parameterStatus(name) }

  /// The notices since the last call, oldest first, the newest 256 of them.
  package func takeNotices() -> [PostgresError] { link.notices.take() }
}
