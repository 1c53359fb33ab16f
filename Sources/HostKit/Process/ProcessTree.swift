internal import Glibc
internal import RecoverBase

/// Finds what recorded children left running, and ends it.
///
/// All of it blocks: call it on a thread of its own (``BlockingThread``).
package enum ProcessTree {
  /// The processes of recorded children that still run, in order of their pids.
  ///
  /// A process belongs to a child by its session, which only setsid(2) leaves, or by its environment, which
  /// survives that and which only a program that clears it loses. What leaves both can't be found. Neither
  /// this process nor any that it descends from is ever listed.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where /proc is not there.
  package static func survivors(of search: SurvivorSearch) throws -> [Survivor] {
    let boot = try ProcessIdentity.currentBootID()
    let sessions = Dictionary(
      search.sessions.filter { $0.bootID == boot }.map { ($0.pid, SessionState($0)) },
      uniquingKeysWith: { $0.startTime <= $1.startTime ? $0 : $1 })
    let isBySessionAlone = search.run == nil && search.child == nil
    let candidates = try ProcFile.pids().filter { !isBySessionAlone || mayBe($0, inOneOf: sessions) }
    guard !candidates.isEmpty else { return [] }
    let spared = ancestry()
    var found: [Survivor] = []
    for pid in candidates.sorted() where !spared.contains(pid) {
      guard let stat = ProcessStat.read(pid), !stat.isGone,
        let evidence = evidence(for: stat, sessions: sessions, search: search)
      else { continue }
      let identity = ProcessIdentity(pid: pid, startTime: stat.startTime, bootID: boot)
      found.append(Survivor(identity: identity, name: stat.name, evidence: evidence))
    }
    return found
  }

  /// Whether a process is worth a look in /proc: getsid(2) costs a hundredth of it, and a host has hundreds.
  private static func mayBe(_ pid: Int32, inOneOf sessions: [Int32: SessionState]) -> Bool {
    let session = getsid(pid)
    // A security module may hide the number of somebody else's process.
    return session < 0 ? errno != ESRCH : sessions[session] != nil
  }

  /// What is known about the session of a recorded child.
  private struct SessionState {
    enum Leader {
      /// It is there, running or as a zombie: its number is nobody else's.
      case present
      /// Its pid is somebody else's now; the kernel gives a pid away only when no process has it as its
      /// session either, so that nothing of the child is left.
      case replaced
      /// Gone. Others of its session may be there; or its pid was given to a new session that also lost its
      /// first process.
      case gone
    }

    let leader: Leader
    let startTime: UInt64

    init(_ identity: ProcessIdentity) {
      startTime = identity.startTime
      switch ProcessStat.read(identity.pid)?.startTime {
      case identity.startTime: leader = .present
      case .some: leader = .replaced
      case nil: leader = .gone
      }
    }
  }

  private static func evidence(
    for stat: ProcessStat, sessions: [Int32: SessionState], search: SurvivorSearch
  ) -> Survivor.Evidence? {
    let session = sessions[stat.session]
    if case .present = session?.leader { return .session }
    let environment = ProcFile.read("/proc/\(stat.pid)/environ")
    let marks: ChildEnvironment.Marks =
      if case .content(let bytes) = environment { ChildEnvironment.marks(in: bytes) } else { .init() }
    if let child = search.child, marks.child == child { return .environment }
    // What the start of a service left behind is the service, also where a search holds its session.
    guard !marks.isOfService else { return nil }
    if let run = search.run, marks.run == run { return .environment }
    guard let session, case .gone = session.leader, stat.startTime >= session.startTime else { return nil }
    // An empty environment is what a child that was started with one has; a daemon of the system has some.
    return environment == .content([]) ? .session : .doubtful
  }

  /// This process and those that it descends from.
  private static func ancestry() -> Set<Int32> {
    var pids: Set<Int32> = []
    var pid = getpid()
    while pid > 0, pids.insert(pid).inserted { pid = ProcessStat.read(pid)?.parent ?? 0 }
    return pids
  }
}
