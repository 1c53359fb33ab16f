internal import Synchronization

/// Runs the tasks of one simulated process, one job at a time, on the thread of whoever calls ``runNext()``.
///
/// With nothing else running, the same jobs come in the same order every time. A process that is no longer
/// called never runs again: that is how it crashes, without any cleanup.
package final class ManualExecutor: TaskExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var head = 0
    var runCount = 0
  }

  private let queue = Mutex(Queue())

  package init() {}

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.jobs.append(job) }
  }

  /// Whether a job waits to be run.
  package var isIdle: Bool { queue.withLock { $0.head == $0.jobs.count } }

  /// How many jobs have run.
  package var runCount: Int { queue.withLock { $0.runCount } }

  /// Runs the job that has waited longest.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  package func runNext() -> Bool {
    let next = queue.withLock { queue -> UnownedJob? in
      guard queue.head < queue.jobs.count else { return nil }
      let job = queue.jobs[queue.head]
      queue.head += 1
      queue.runCount += 1
      if queue.head == queue.jobs.count {
        queue.jobs.removeAll(keepingCapacity: true)
        queue.head = 0
      }
      return job
    }
    guard let next else { return false }
    unsafe next.runSynchronously(on: asUnownedTaskExecutor())
    return true
  }
}
