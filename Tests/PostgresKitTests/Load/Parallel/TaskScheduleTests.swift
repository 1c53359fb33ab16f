import RecoverBase
import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("the schedule of a load")
struct TaskScheduleTests {
  /// Task number `offset` of a table.
  private func task(
    _ offset: Int64, table: UInt32 = 1, bytes: Int64 = 10, _ mode: LockMode = .rowExclusive, needs: [Int] = [],
    isBarrier: Bool = false
  ) -> LoadTask {
    LoadTask(
      work: isBarrier ? .barrier : .statement(SQLText([]), SessionState()), offset: offset, line: 1, title: "",
      byteCount: bytes, table: table, locks: isBarrier ? [] : [TableLock(table: table, mode: mode)], needs: needs)
  }

  @Test("lock modes conflict as PostgreSQL's manual says", arguments: LockMode.allCases)
  func conflicts(mode: LockMode) {
    for other in LockMode.allCases { #expect(mode.conflicts(with: other) == other.conflicts(with: mode)) }
    let expected: [LockMode: Set<LockMode>] = [
      .accessShare: [.accessExclusive], .rowShare: [.exclusive, .accessExclusive],
      .rowExclusive: [.share, .shareRowExclusive, .exclusive, .accessExclusive],
      .shareUpdateExclusive: [.shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive],
      .share: [.rowExclusive, .shareUpdateExclusive, .shareRowExclusive, .exclusive, .accessExclusive],
      .shareRowExclusive: [
        .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive,
      ],
      .exclusive: Set(LockMode.allCases).subtracting([.accessShare]), .accessExclusive: Set(LockMode.allCases),
    ]
    #expect(Set(LockMode.allCases.filter(mode.conflicts)) == expected[mode])
  }

  @Test("a second connection takes the next table, and shares one that is more than twice as large")
  func sharing() {
    var even = TaskSchedule([task(1, table: 1), task(2, table: 1), task(3, table: 2), task(4, table: 2)])
    #expect([even.start(), even.start()] == [0, 2])
    var giant = TaskSchedule([
      task(1, table: 1, bytes: 100), task(2, table: 1, bytes: 100), task(3, table: 2), task(4, table: 2),
    ])
    #expect([giant.start(), giant.start()] == [0, 1])
  }

  @Test("what an earlier life has done is not done again, and what needed it can start")
  func resumed() {
    let tasks = [task(1), task(2), task(3, isBarrier: true), task(4, needs: [2])]
    var withBarrier = tasks
    withBarrier[2].needs = [0, 1]
    var schedule = TaskSchedule(withBarrier, done: [1, 2])
    #expect(schedule.start() == 3)
    schedule.finish(3)
    #expect(schedule.isDone)
    #expect(TaskSchedule(withBarrier, done: [1, 2, 4]).isDone)
  }

  @Test("whatever is done in whatever order, no locks conflict, nothing starts before what it needs, and all gets done")
  func anyOrder() throws {
    try Property.check { generator in
      let count = generator.int(1...12)
      var tasks: [LoadTask] = []
      for number in 0..<count {
        let isBarrier = generator.int(0...5) == 0
        var task = task(
          Int64(number), table: UInt32(generator.int(1...3)), bytes: Int64(generator.int(0...50)),
          LockMode.allCases[generator.int(0...7)], isBarrier: isBarrier)
        for earlier in 0..<number where generator.int(0...3) == 0 { task.needs.append(earlier) }
        tasks.append(task)
      }
      let done = Set((0..<count).filter { _ in generator.int(0...6) == 0 }.map(Int64.init))
      var schedule = TaskSchedule(tasks, done: done)
      var running: [Int] = []
      var finished: Set<Int> = []
      var steps = 0
      while !schedule.isDone {
        steps += 1
        try Property.require(steps < 1000, "it never ends")
        if running.count < 3, let next = schedule.start() {
          try Property.require(!running.contains(next) && !finished.contains(next), "task \(next) started twice")
          try Property.require(
            tasks[next].work != .barrier && !done.contains(Int64(next)), "task \(next) was not to be started")
          for need in tasks[next].needs {
            try Property.require(schedule.state(of: need) == .done, "task \(next) before \(need)")
          }
          for other in running {
            for lock in tasks[other].locks {
              let clash = tasks[next].locks.contains { $0.table == lock.table && $0.mode.conflicts(with: lock.mode) }
              try Property.require(!clash, "tasks \(next) and \(other) wait for one another's locks")
            }
          }
          running.append(next)
        } else {
          try Property.require(!running.isEmpty, "nothing runs and nothing can start")
          let ended = running.remove(at: generator.int(0...(running.count - 1)))
          if generator.int(0...4) == 0 {
            schedule.giveBack(ended)
          } else {
            schedule.finish(ended)
            finished.insert(ended)
          }
        }
      }
      let expected = Set(tasks.indices.filter { tasks[$0].work != .barrier && !done.contains(Int64($0)) })
      try Property.require(finished == expected, "done \(finished), not \(expected)")
    }
  }

  @Test("a victim of a deadlock is done again, ten times at most, and another failure ends the stage")
  func retries() {
    let victim = PostgresError(sqlState: .deadlockDetected, message: "deadlock").recoverError()
    var state = TeamState(TaskSchedule([task(1)]), workers: 1)
    for attempt in 1...10 {
      guard case .work(let index, _, _)? = state.next(0, maintenanceWorkers: 0) else {
        Issue.record("attempt \(attempt) was not made")
        return
      }
      #expect(state.retries(index, of: 0, after: victim) == (attempt < 10))
    }
    state.fail(RecoverError(.stepFailed, "real"))
    state.fail(RecoverError(.connectionLost, "later"))
    #expect(state.failure?.message == "real")
    guard case .end? = state.next(0, maintenanceWorkers: 0) else {
      Issue.record("it goes on after a failure")
      return
    }
  }
}
