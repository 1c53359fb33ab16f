internal import Glibc
internal import RecoverBase

extension ProcessTree {
  /// How long the kernel may take to end a process after SIGKILL; only one that hangs in a device or in a
  /// network file system takes longer.
  package static let killLimit = Duration.seconds(10)

  /// Ends every process of recorded children, and proves them gone.
  ///
  /// Each gets SIGTERM, and SIGCONT in case it is stopped; what is there after `grace` gets SIGKILL. Gone
  /// means that two scans of /proc in a row found nothing: one alone could miss a process whose parent forked
  /// it behind the scan and ended before the scan.
  ///
  /// - Returns: what was ended, in order of the pids; empty when there was nothing.
  /// - Throws: ``RecoverError`` `needsOperator` when a process does not end, or can't be told from somebody
  ///   else's (the others are ended all the same); `missingRequirement` when one is another user's.
  package static func end(
    _ search: SurvivorSearch, grace: Duration, limit: Duration = killLimit
  ) throws -> [Survivor] {
    var all: Set<Survivor> = []
    var isTerminated: Set<ProcessIdentity> = []
    let graceEnd = Deadline.after(grace)
    let end = Deadline(graceEnd.moment + limit)
    var emptyScans = 0
    while emptyScans < 2 {
      let survivors = try survivors(of: search)
      let ours = survivors.filter { $0.evidence != .doubtful }
      guard let first = ours.first else {
        try requireNoDoubt(survivors)
        emptyScans += 1
        continue
      }
      emptyScans = 0
      all.formUnion(ours)
      if end.hasPassed { throw doesNotEnd(first) }
      for survivor in ours {
        if graceEnd.hasPassed {
          try send([SIGKILL], to: survivor.identity)
        } else if isTerminated.insert(survivor.identity).inserted {
          try send([SIGTERM, SIGCONT], to: survivor.identity)
        }
      }
      // Not longer than a moment: what it has forked meanwhile needs its signal too.
      let next = Deadline(min(Moment.now + .milliseconds(50), graceEnd.hasPassed ? end.moment : graceEnd.moment))
      if let handle = ProcessHandle(first.identity) { _ = handle.waitUntilGone(next) }
    }
    return all.sorted { $0.identity.pid < $1.identity.pid }
  }

  /// Ends another runner that is stopped or hung, at once and without its help, and proves it gone.
  ///
  /// - Returns: whether it still ran.
  /// - Throws: ``RecoverError`` `missingRequirement` when it belongs to another user, `needsOperator` when it
  ///   does not end, `bug` when it is this process.
  @discardableResult
  package static func endRunner(_ identity: ProcessIdentity, limit: Duration = killLimit) throws -> Bool {
    guard identity.pid != getpid() || !identity.isAlive else {
      throw RecoverError(.bug, "this process was asked to end itself as a runner of before")
    }
    guard let handle = ProcessHandle(identity) else { return false }
    guard try handle.send(SIGKILL) else { return false }
    guard handle.waitUntilGone(.after(limit)) else {
      let name = ProcessStat.read(identity.pid)?.name ?? "process"
      throw doesNotEnd(Survivor(identity: identity, name: name, evidence: .session))
    }
    return true
  }

  private static func send(_ signals: [Int32], to identity: ProcessIdentity) throws {
    guard let handle = ProcessHandle(identity) else { return }
    for signal in signals { guard try handle.send(signal) else { return } }
  }

  private static func requireNoDoubt(_ survivors: [Survivor]) throws {
    guard let first = survivors.first else { return }
    throw RecoverError(
      .needsOperator,
      "\(first) has the session number of a child of this run, and can't be told from somebody else's process",
      hint: "look at it with ps -fp \(first.identity.pid), end it if it belongs to the run, then resume")
  }

  private static func doesNotEnd(_ survivor: Survivor) -> RecoverError {
    let state = ProcessStat.read(survivor.identity.pid).map { String(UnicodeScalar($0.state)) } ?? "unknown"
    return RecoverError(
      .needsOperator, "\(survivor) does not end, not even by SIGKILL (state \(state))",
      hint: "it hangs in the kernel, as on a dead disk or mount; mend that or reboot, then resume")
  }
}
