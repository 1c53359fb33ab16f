/// Decides which task a free connection takes: a plain value, so that every order that it allows can be tried out.
///
/// It starts no task before what it needs is done, and none whose locks conflict with those of a running one: nobody
/// waits inside of the server. Of what can start, the task of the largest table goes first; a table counts less for
/// each connection that works on it, so that a table is shared where it is much larger than the others, and else left
/// to one connection, which loads it in the order of the dump.
struct TaskSchedule: Sendable {
  private(set) var tasks: [LoadTask]
  private var state: [State]
  /// How many of the tasks that each one needs are not done yet.
  private var missing: [Int]
  private var dependents: [[Int]]
  /// What can start but for locks, best first.
  private var ready: [Int] = []
  private var weights: [UInt32: Int64] = [:]
  private var runningTasks: Set<Int> = []
  private var leftCount = 0

  enum State: Sendable, Hashable { case waiting, ready, running, done }

  /// - Parameter done: the offsets of the tasks that an earlier life has done.
  init(_ tasks: [LoadTask], done: Set<Int64> = []) {
    self.tasks = tasks
    state = Array(repeating: .waiting, count: tasks.count)
    missing = tasks.map { $0.needs.count }
    dependents = Array(repeating: [], count: tasks.count)
    for (index, task) in tasks.enumerated() {
      for need in task.needs { dependents[need].append(index) }
      weights[task.table, default: 0] += Self.cost(task)
    }
    leftCount = tasks.count
    for index in tasks.indices where missing[index] == 0 && state[index] == .waiting { becomeReady(index) }
    for index in tasks.indices where state[index] != .done && tasks[index].work != .barrier {
      if done.contains(tasks[index].offset) { settle(index) }
    }
  }

  /// What a task costs, in bytes of data: an index about half as much as the rows that it is made from.
  private static func cost(_ task: LoadTask) -> Int64 {
    switch task.work {
    case .rows, .part: task.byteCount
    case .statement: task.byteCount / 2
    case .barrier: 0
    }
  }

  var isDone: Bool { leftCount == 0 }
  var runningCount: Int { runningTasks.count }
  func state(of task: Int) -> State { state[task] }

  /// How many connections will find nothing to do while this task runs, as far as can be seen now.
  func idleCount(of connections: Int) -> Int { max(0, connections - runningTasks.count - ready.count) }

  /// Gives out a task; nil when none can start now.
  ///
  /// - Parameter connections: how many work on a table now is taken from what runs.
  mutating func start() -> Int? {
    var workers: [UInt32: Int64] = [:]
    for task in runningTasks { workers[tasks[task].table, default: 0] += 1 }
    var best: (position: Int, score: Int64)?
    for (position, index) in ready.enumerated() {
      let table = tasks[index].table
      let weight = weights[table] ?? 0
      // The rest weighs no more than this.
      if let best, weight <= best.score { break }
      let score = weight / (1 + (workers[table] ?? 0))
      if best.map({ score > $0.score }) ?? true, canStart(index) { best = (position, score) }
    }
    guard let best else { return nil }
    let index = ready.remove(at: best.position)
    state[index] = .running
    runningTasks.insert(index)
    return index
  }

  private func canStart(_ index: Int) -> Bool {
    runningTasks.allSatisfy { running in
      tasks[running].locks.allSatisfy { held in
        !tasks[index].locks.contains { $0.table == held.table && $0.mode.conflicts(with: held.mode) }
      }
    }
  }

  /// A running task is done.
  mutating func finish(_ index: Int) {
    precondition(state[index] == .running, "a task ended that was not running")
    runningTasks.remove(index)
    settle(index)
  }

  /// A running task was rolled back, and has to be done again.
  mutating func giveBack(_ index: Int) {
    precondition(state[index] == .running, "a task was given back that was not running")
    runningTasks.remove(index)
    becomeReady(index)
  }

  /// A task is over, and perhaps others can start.
  private mutating func settle(_ index: Int) {
    var over = [index]
    while let index = over.popLast() {
      guard state[index] != .done else { continue }
      if state[index] == .ready { ready.removeAll { $0 == index } }
      state[index] = .done
      leftCount -= 1
      for dependent in dependents[index] {
        missing[dependent] -= 1
        guard missing[dependent] == 0, state[dependent] == .waiting else { continue }
        if tasks[dependent].work == .barrier { over.append(dependent) } else { becomeReady(dependent) }
      }
    }
  }

  private mutating func becomeReady(_ index: Int) {
    if tasks[index].work == .barrier { return settle(index) }
    state[index] = .ready
    var low = 0
    var high = ready.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(ready[middle], index) { low = middle + 1 } else { high = middle }
    }
    ready.insert(index, at: low)
  }

  /// Larger tables first, in them rows in the order of the dump, and then the larger index.
  private func precedes(_ left: Int, _ right: Int) -> Bool {
    let (leftTask, rightTask) = (tasks[left], tasks[right])
    let (leftWeight, rightWeight) = (weights[leftTask.table] ?? 0, weights[rightTask.table] ?? 0)
    if leftWeight != rightWeight { return leftWeight > rightWeight }
    if leftTask.table != rightTask.table { return leftTask.table < rightTask.table }
    return leftTask.offset < rightTask.offset
  }
}
