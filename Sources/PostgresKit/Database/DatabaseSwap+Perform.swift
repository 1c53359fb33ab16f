package import RecoverBase

extension DatabaseSwap {
  /// Swaps, unless it is done already.
  ///
  /// Sessions of both databases are ended before the renames and, by a second connection, while a rename waits for them:
  /// RENAME takes its lock first, behind which everybody who connects queues, and then waits up to 5 s for those inside
  /// (PostgreSQL, "ALTER DATABASE"). It is tried again while it is merely busy, until the deadline. When the connection
  /// is lost around the commit, the old backend is proved gone and the names tell what came of it.
  ///
  /// - Parameters:
  ///   - settings: of the maintenance database, which is neither of the two.
  ///   - point: is called at each ``Point``; what it throws is thrown, after a rollback where there is something to.
  /// - Throws: ``RecoverError``: `busy` with the sessions or prepared transactions that are in the way, `wrongTarget`
  ///   when the databases are not where they should be, `missingRequirement` with the right that is missing,
  ///   `checkFailed` when the properties did not become what they should.
  package func perform(
    _ settings: ConnectionSettings, interruption: Interruption? = nil, until deadline: Deadline,
    at point: (Point) throws -> Void = { _ in }
  ) throws -> Report {
    var report = Report()
    var obstacle: RecoverError?
    while true {
      var connection = try Connection.administrative(settings, interruption: interruption)
      try checkIsOutside(connection.database)
      let own = try OwnBackend(&connection)
      switch try probe(&connection) {
      case .swapped: return report
      case .unknown(let what): throw unknownError(what)
      case .notSwapped: break
      }
      do {
        try SwapAttempt(swap: self, settings: settings, deadline: deadline).run(&connection, &report, at: point)
        return report
      } catch let error as RecoverError where error.code == .timedOut && obstacle != nil {
        // The time ran out between two tries: the reason is what the last one met.
        throw obstacle ?? error
      } catch let error as RecoverError where Self.isWorthRetrying(error) {
        obstacle = error
        let isLost = connection.isLost
        if isLost { try own.proveGone(settings, interruption: interruption) }
        guard !deadline.hasPassed else {
          // What a lost connection left undecided is decided now: look once more.
          if isLost, try isSwapped(settings, interruption) { return report }
          throw error
        }
      }
      try (interruption ?? Interruption()).pause(.milliseconds(100))
    }
  }

  private func isSwapped(_ settings: ConnectionSettings, _ interruption: Interruption?) throws -> Bool {
    var connection = try Connection.administrative(settings, interruption: interruption)
    return try probe(&connection) == .swapped
  }

  /// Whether the same may go through a moment later, after everything was rolled back.
  ///
  /// XX000 is what PostgreSQL says when another
  /// session updated the same row of the catalog ("tuple concurrently updated").
  private static func isWorthRetrying(_ error: RecoverError) -> Bool {
    error.code == .busy || error.code == .connectionLost || error.sqlState == "XX000"
  }

  private func checkIsOutside(_ database: String) throws {
    guard database != target, database != entering?.name, database != leaving?.name else {
      throw RecoverError(
        .usage, "database \(database) can't be renamed over a connection to itself",
        hint: "name another maintenance-database in the policy, for instance template1")
    }
  }

  private func unknownError(_ what: String) -> RecoverError {
    RecoverError(
      .wrongTarget, "the databases are not where the plan left them: \(what)",
      hint: "somebody renamed, replaced or dropped one; nothing was changed")
  }
}

extension Interruption {
  /// Waits a little.
  ///
  /// - Throws: ``RecoverError`` `interrupted` when it is raised meanwhile.
  func pause(_ duration: Duration) throws {
    wait(atMost: duration)
    try check()
  }
}

/// Which backend a connection has, so that it can be found, and ended, when the connection is lost.
private struct OwnBackend {
  let pid: Int32
  let startedAt: WallTime

  init(_ connection: inout Connection) throws {
    let query = "SELECT \(microseconds("backend_start")) FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    let start = try connection.value(query).flatMap { Int64($0) }.orMissing("our session is not listed")
    pid = connection.backendPid
    startedAt = WallTime(microseconds: start)
  }

  /// Ends the backend: until it is gone it could still commit.
  func proveGone(_ settings: ConnectionSettings, interruption: Interruption?) throws {
    var connection = try Connection.administrative(settings, interruption: interruption)
    let left = try Sessions.end(.backend(pid: pid, startedAt: startedAt), &connection, until: .after(.seconds(20)))
    guard !left.isClear else { return }
    throw left.error("a session that may be about to commit does not end")
  }
}
