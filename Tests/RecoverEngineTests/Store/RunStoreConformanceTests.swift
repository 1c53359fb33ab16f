internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

/// What every ``RunStore`` does; a new one is added to ``Kind`` and to nothing else.
@Suite("run store conformance")
struct RunStoreConformanceTests {
  enum Kind: CaseIterable, Sendable {
    case memory, sqlite

    /// A store, and a second handle on the same content, as another process has.
    func open() throws -> Handles {
      switch self {
      case .memory:
        let store = MemoryStore()
        return Handles(first: store, second: store, directory: nil)
      case .sqlite:
        let directory = try StateDirectory()
        let path = "\(directory.path)/state"
        return Handles(
          first: try SQLiteStore(directory: path), second: try SQLiteStore(directory: path), directory: directory)
      }
    }
  }

  struct Handles: Sendable {
    let first: any RunStore
    let second: any RunStore
    let directory: StateDirectory?
  }

  static let run = RunID(seconds: 1, random: 1)
  static let other = RunID(seconds: 2, random: 2)
  static let times = RecordTimes(wall: Plans.time(1), monotonic: Moment(nanoseconds: 1))
  static let minute = Duration.seconds(60)
  static let plan = Plans.plan([Plans.step("a")])

  static func owner(_ pid: Int32, boot: String = "boot", start: UInt64 = 1) -> RunnerIdentity {
    RunnerIdentity(host: "here", bootID: boot, pid: pid, startTime: start, user: "me")
  }

  static func code(_ body: () async throws -> Void) async -> RecoverError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? RecoverError)?.code
    }
  }

  static func acquire(
    _ store: any RunStore, _ run: RunID = run, _ owner: RunnerIdentity = owner(1), at seconds: Int64 = 0,
    isAlive: Bool = true
  ) async throws -> AcquiredLease {
    try await store.acquireLease(
      for: run, owner: owner, now: Moment(nanoseconds: seconds * 1_000_000_000), duration: minute,
      isAlive: { _ in isAlive })
  }

  @discardableResult
  static func append(
    _ store: any RunStore, _ event: RunEvent, _ run: RunID = run, epoch: Int64, state: RunState = .running,
    consuming: [Int64] = []
  ) async throws -> JournalRecord {
    try await store.append(event, to: run, epoch: epoch, state: state, at: times, consuming: consuming)
  }

  // MARK: - Runs and records

  @Test("a new run has its plan as its first record, and is listed", arguments: Kind.allCases)
  func create(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let records = try await stores.second.records(of: Self.run)
    #expect(records.count == 1)
    #expect(try records[0].event() == .planned(plan: Self.plan, hash: Self.plan.hash()))
    let summary = RunSummary(
      run: Self.run, target: Self.plan.target, procedure: "test", planHash: try Self.plan.hash(),
      createdAt: Self.times.wall, updatedAt: Self.times.wall, state: "planned", isTerminal: false)
    #expect(try await stores.second.runs(of: nil) == [summary])
    #expect(try await stores.second.runs(of: Self.plan.target.key) == [summary])
    #expect(try await stores.second.runs(of: "custom:other").isEmpty)
  }

  @Test("a target with a run that has not ended is claimed, leased or not", arguments: Kind.allCases)
  func claims(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let claimed = await Self.code { try await stores.second.create(Self.other, plan: Self.plan, at: Self.times) }
    #expect(claimed == .claimed)
    // Another target is free, and so is this one once the run has ended.
    let elsewhere = Plans.plan([Plans.step("a")], target: "elsewhere")
    try await stores.second.create(RunID(seconds: 3, random: 3), plan: elsewhere, at: Self.times)
    let lease = try await Self.acquire(stores.first)
    let cause = Cause(code: .busy, message: "no")
    try await Self.append(stores.first, .refused(cause: cause), epoch: lease.epoch, state: .failedClean)
    try await stores.second.create(Self.other, plan: Self.plan, at: Self.times)
    #expect(try await stores.first.runs(of: Self.plan.target.key).map(\.run) == [Self.run, Self.other])
  }

  @Test("the same name is not given to two runs", arguments: Kind.allCases)
  func sameName(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let elsewhere = Plans.plan([Plans.step("a")], target: "elsewhere")
    let refused = await Self.code { try await stores.second.create(Self.run, plan: elsewhere, at: Self.times) }
    #expect(refused == .journal)
    #expect(try await stores.first.runs(of: nil).count == 1)
  }

  @Test("records follow each other in a chain, and the list shows the last state", arguments: Kind.allCases)
  func chain(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let epoch = try await Self.acquire(stores.first).epoch
    let later = RecordTimes(wall: Plans.time(9), monotonic: Moment(nanoseconds: 9))
    let first = try await stores.first.append(
      .started(confirmedBy: "me"), to: Self.run, epoch: epoch, state: .running, at: later, consuming: [])
    try await Self.append(stores.first, .paused(cause: Cause(code: .busy, message: "no")), epoch: epoch, state: .paused)
    let records = try await stores.second.records(of: Self.run)
    #expect(records.map(\.sequence) == [1, 2, 3])
    #expect(records.map(\.epoch) == [0, 1, 1])
    #expect(records[1] == first)
    #expect(records[1].wallTime == later.wall && records[1].monotonicTime == later.monotonic)
    try JournalRecord.checkChain(records)
    let summary = try #require(try await stores.second.runs(of: nil).first)
    #expect(summary.state == "paused" && !summary.isTerminal && summary.updatedAt == Self.times.wall)
  }

  @Test("a run that nobody made can't be read, leased, appended to or asked for anything", arguments: Kind.allCases)
  func unknownRun(kind: Kind) async throws {
    let stores = try kind.open()
    #expect(await Self.code { _ = try await stores.first.records(of: Self.run) } == .usage)
    #expect(await Self.code { _ = try await Self.acquire(stores.first) } == .usage)
    #expect(await Self.code { try await Self.append(stores.first, .completed, epoch: 1) } == .leaseLost)
    let request = await Self.code { try await stores.first.request(.pause, of: Self.run, by: "me", at: Plans.time(1)) }
    #expect(request == .journal)
  }

  // MARK: - Epochs and leases

  @Test("an append without the newest epoch is refused and leaves nothing (I5)", arguments: Kind.allCases)
  func staleEpoch(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    #expect(await Self.code { try await Self.append(stores.first, .completed, epoch: 0) } == .leaseLost)
    let old = try await Self.acquire(stores.first)
    try await Self.append(stores.first, .started(confirmedBy: "me"), epoch: old.epoch)
    let new = try await Self.acquire(stores.second, Self.run, Self.owner(2), isAlive: false)
    #expect(new.epoch == old.epoch + 1)
    for epoch in [old.epoch, new.epoch + 1] {
      #expect(await Self.code { try await Self.append(stores.first, .completed, epoch: epoch) } == .leaseLost)
    }
    try await Self.append(stores.second, .resumed(by: "you", grant: false), epoch: new.epoch)
    #expect(try await stores.first.records(of: Self.run).map(\.epoch) == [0, old.epoch, new.epoch])
  }

  @Test("a living runner's lease is not taken before it ends, by nobody but itself", arguments: Kind.allCases)
  func liveLease(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    _ = try await Self.acquire(stores.first)
    #expect(await Self.code { _ = try await Self.acquire(stores.second, Self.run, Self.owner(2), at: 59) } == .claimed)
    let again = try await Self.acquire(stores.first, at: 59)
    #expect(again == AcquiredLease(epoch: 2, predecessors: []))
  }

  @Test(
    "a lease is free when it ran out, its process is dead, or it is of another boot", arguments: Kind.allCases)
  func deadLease(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    _ = try await Self.acquire(stores.first)
    let late = try await Self.acquire(stores.second, Self.run, Self.owner(2), at: 60)
    #expect(late == AcquiredLease(epoch: 2, predecessors: [Self.owner(1)]))
    let dead = try await Self.acquire(stores.second, Self.run, Self.owner(3), at: 61, isAlive: false)
    #expect(dead == AcquiredLease(epoch: 3, predecessors: [Self.owner(1), Self.owner(2)]))
    let rebooted = try await Self.acquire(stores.second, Self.run, Self.owner(3, boot: "next", start: 9), at: 0)
    #expect(rebooted.epoch == 4)
    #expect(rebooted.predecessors == [Self.owner(1), Self.owner(2), Self.owner(3)])
  }

  @Test("a renewed lease lasts longer, and one that was taken over can't be renewed", arguments: Kind.allCases)
  func renewal(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let old = try await Self.acquire(stores.first)
    let now = Moment(nanoseconds: 50_000_000_000)
    try await stores.first.renewLease(of: Self.run, epoch: old.epoch, now: now, duration: Self.minute)
    #expect(await Self.code { _ = try await Self.acquire(stores.second, Self.run, Self.owner(2), at: 109) } == .claimed)
    let new = try await Self.acquire(stores.second, Self.run, Self.owner(2), at: 110)
    let lost = await Self.code {
      try await stores.first.renewLease(of: Self.run, epoch: old.epoch, now: now, duration: Self.minute)
    }
    #expect(lost == .leaseLost)
    // Giving back what is no longer ours changes nothing.
    try await stores.first.releaseLease(of: Self.run, epoch: old.epoch)
    #expect(try await stores.first.leases().map(\.owner) == [Self.owner(2)])
    #expect(try await stores.first.leases().map(\.epoch) == [new.epoch])
  }

  @Test("a lease that was given back is free, and leaves nobody to be ended", arguments: Kind.allCases)
  func release(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let old = try await Self.acquire(stores.first)
    try await stores.first.releaseLease(of: Self.run, epoch: old.epoch)
    #expect(try await stores.second.leases().map(\.owner) == [nil])
    let lost = await Self.code {
      let now = Moment(nanoseconds: 0)
      try await stores.first.renewLease(of: Self.run, epoch: old.epoch, now: now, duration: Self.minute)
    }
    #expect(lost == .leaseLost)
    let new = try await Self.acquire(stores.second, Self.run, Self.owner(2))
    #expect(new == AcquiredLease(epoch: 2, predecessors: []))
  }

  @Test("a broken lease is free at once, and its runner is still to be ended (I5)", arguments: Kind.allCases)
  func breaking(kind: Kind) async throws {
    let stores = try kind.open()
    #expect(await Self.code { try await stores.first.breakLease(of: "custom:test") } == .usage)
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let old = try await Self.acquire(stores.first)
    try await stores.second.breakLease(of: Self.plan.target.key)
    #expect(await Self.code { try await Self.append(stores.first, .completed, epoch: old.epoch) } == .leaseLost)
    let new = try await Self.acquire(stores.second, Self.run, Self.owner(2))
    #expect(new == AcquiredLease(epoch: 3, predecessors: [Self.owner(1)]))
  }

  @Test("a runner is to be ended until somebody proved it dead, however many died in between", arguments: Kind.allCases)
  func predecessors(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    _ = try await Self.acquire(stores.first)
    let second = try await Self.acquire(stores.second, Self.run, Self.owner(2), at: 60)
    // The second runner could not end the first, and gave up.
    try await stores.second.releaseLease(of: Self.run, epoch: second.epoch)
    let third = try await Self.acquire(stores.first, Self.run, Self.owner(3), at: 60)
    #expect(third.predecessors == [Self.owner(1)])
    let stale = await Self.code {
      try await stores.second.forgetPredecessors(of: Self.run, epoch: second.epoch)
    }
    #expect(stale == .leaseLost)
    try await stores.first.forgetPredecessors(of: Self.run, epoch: third.epoch)
    let fourth = try await Self.acquire(stores.second, Self.run, Self.owner(4), at: 120)
    #expect(fourth.predecessors == [Self.owner(3)])
  }

  @Test("of many runners that want a lease at once, one gets it", arguments: Kind.allCases)
  func racingLeases(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let winners = await withTaskGroup(of: Int.self) { group in
      for pid in 1...20 {
        group.addTask {
          let store = pid.isMultiple(of: 2) ? stores.first : stores.second
          return (try? await Self.acquire(store, Self.run, Self.owner(Int32(pid)))) == nil ? 0 : 1
        }
      }
      return await group.reduce(0, +)
    }
    #expect(winners == 1)
    #expect(try await stores.first.leases().map(\.epoch) == [1])
  }

  // MARK: - Requests

  @Test("requests are seen by every handle in their order, until a record consumes them", arguments: Kind.allCases)
  func requests(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let epoch = try await Self.acquire(stores.first).epoch
    for (kind, person) in [(RunRequest.Kind.pause, "ann"), (.cancel, "bob"), (.approve, "cy"), (.reject, "di")] {
      try await stores.second.request(kind, of: Self.run, by: person, at: Plans.time(7))
    }
    let pending = try await stores.first.pendingRequests(of: Self.run)
    #expect(pending.map(\.kind) == [.pause, .cancel, .approve, .reject])
    #expect(pending.map(\.person) == ["ann", "bob", "cy", "di"])
    #expect(pending.allSatisfy { $0.requestedAt == Plans.time(7) })
    try await Self.append(
      stores.first, .requestIgnored(kind: "pause"), epoch: epoch, consuming: [pending[0].id, pending[2].id])
    #expect(try await stores.second.pendingRequests(of: Self.run).map(\.kind) == [.cancel, .reject])
  }

  @Test("a refused append consumes nothing", arguments: Kind.allCases)
  func refusedConsumption(kind: Kind) async throws {
    let stores = try kind.open()
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    let epoch = try await Self.acquire(stores.first).epoch
    try await stores.second.request(.pause, of: Self.run, by: "ann", at: Plans.time(7))
    let ids = try await stores.first.pendingRequests(of: Self.run).map(\.id)
    let stale = await Self.code {
      try await Self.append(stores.first, .requestIgnored(kind: "pause"), epoch: epoch + 1, consuming: ids)
    }
    #expect(stale == .leaseLost)
    #expect(try await stores.second.pendingRequests(of: Self.run).map(\.id) == ids)
  }

  // MARK: - Two processes at once

  @Test("two handles that append to different runs at once leave two whole chains", arguments: Kind.allCases)
  func concurrentAppends(kind: Kind) async throws {
    let stores = try kind.open()
    let elsewhere = Plans.plan([Plans.step("a")], target: "elsewhere")
    try await stores.first.create(Self.run, plan: Self.plan, at: Self.times)
    try await stores.second.create(Self.other, plan: elsewhere, at: Self.times)
    _ = try await Self.acquire(stores.first)
    _ = try await Self.acquire(stores.second, Self.other, Self.owner(2))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (store, run) in [(stores.first, Self.run), (stores.second, Self.other)] {
        group.addTask {
          for count in 0..<100 {
            let value = JSONValue.integer(Int64(count))
            try await Self.append(store, .checkpoint(step: "a", name: "n", value: value), run, epoch: 1)
          }
        }
      }
      try await group.waitForAll()
    }
    for run in [Self.run, Self.other] {
      let records = try await stores.first.records(of: run)
      #expect(records.count == 101)
      #expect(
        try records.dropFirst().map { try $0.event() }
          == (0..<100).map { .checkpoint(step: "a", name: "n", value: .integer(Int64($0))) })
    }
  }

  @Test("of many runs that claim a target at once, one gets it", arguments: Kind.allCases)
  func racingClaims(kind: Kind) async throws {
    let stores = try kind.open()
    let winners = await withTaskGroup(of: Int.self) { group in
      for number in 1...20 {
        group.addTask {
          let store = number.isMultiple(of: 2) ? stores.first : stores.second
          let run = RunID(seconds: Int64(number), random: 0)
          return (try? await store.create(run, plan: Self.plan, at: Self.times)) == nil ? 0 : 1
        }
      }
      return await group.reduce(0, +)
    }
    #expect(winners == 1)
    #expect(try await stores.first.runs(of: nil).count == 1)
  }
}
