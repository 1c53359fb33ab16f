internal import RecoverBase
internal import Synchronization

/// Ends sessions of databases on a connection of its own, also from another thread, for as long as it is told.
final class SessionEnder: Sendable {
  private struct Work: ~Copyable {
    var connection: Connection
    var seen: Set<Seen> = []
    var untouchable: [ServerSession] = []
  }

  private struct Seen: Hashable {
    var pid: Int32
    var startedAt: WallTime?
  }

  private let work: Mutex<Work>
  private let selection: ServerSession.Selection

  init(_ connection: consuming sending Connection, databases: [UInt32]) {
    work = Mutex(Work(connection: connection))
    selection = .databases(databases)
  }

  /// How many sessions it has asked to end.
  var ended: Int { work.withLock { $0.seen.count } }

  /// Ends those that are there now.
  ///
  /// - Returns: how many.
  /// - Throws: ``RecoverError`` `busy` naming those that our role may not end, or that do not end.
  func endOnce(until deadline: Deadline) throws -> Int {
    try work.withLock { work in
      let outcome = try Sessions.end(selection, &work.connection, until: deadline)
      guard outcome.isClear else { throw outcome.error("databases can't be renamed while somebody is connected") }
      return outcome.ended
    }
  }

  /// Ends whoever comes, until the interruption is raised.
  ///
  /// When its connection fails it gives up: RENAME then says who is in the way.
  func run(until stop: Interruption) {
    while !stop.isRaised {
      let goesOn = work.withLock { work in
        guard let sessions = try? ServerSession.signal(selection, &work.connection) else { return false }
        for session in sessions where session.isTerminable {
          work.seen.insert(Seen(pid: session.pid, startedAt: session.startedAt))
        }
        work.untouchable = sessions.filter { !$0.isTerminable }
        return true
      }
      guard goesOn else { return }
      stop.wait(atMost: .milliseconds(5))
    }
  }

  /// RENAME's error, with the sessions that are in its way where they are known.
  func explained(_ error: RecoverError) -> RecoverError {
    let untouchable = work.withLock { $0.untouchable }
    guard !untouchable.isEmpty else { return error }
    let outcome = Sessions.Outcome(ended: 0, untouchable: untouchable, lingering: [])
    return outcome.error("databases can't be renamed while somebody is connected")
  }
}
