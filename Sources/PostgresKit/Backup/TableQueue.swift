internal import RecoverBase
internal import Synchronization

/// What is still to be read, handed out to the connections that read.
///
/// A worker that finds a table wanted by somebody else (it would wait behind them, and they wait for the snapshot's
/// lock: a deadlock that the server can't see) gives it back; then the connection that holds the lock reads it.
final class TableQueue: Sendable {
  private struct State {
    var waiting: ArraySlice<TableBatch>
    var refused: [TableBatch] = []
    var workers: Int
  }

  private let state: Mutex<State>
  private let workersEnded = Interruption()

  /// - Parameter workers: how many besides the leader.
  init(_ batches: [TableBatch], workers: Int) {
    state = Mutex(State(waiting: batches[...], workers: workers))
    if workers == 0 { workersEnded.raise() }
  }

  func next() -> TableBatch? { state.withLock { $0.waiting.popFirst() } }

  /// What workers gave back; for the leader, who waits for the last worker where there is none now.
  func nextRefused(_ interruption: Interruption) throws -> TableBatch? {
    while true {
      let isOver = workersEnded.isRaised
      if let batch = state.withLock({ $0.refused.popLast() }) { return batch }
      if isOver { return nil }
      workersEnded.wait(atMost: .milliseconds(50))
      try interruption.check()
    }
  }

  func refuse(_ batch: TableBatch) { state.withLock { $0.refused.append(batch) } }

  /// A worker takes no more.
  func leave() {
    let isLast = state.withLock { state in
      state.workers -= 1
      return state.workers == 0
    }
    if isLast { workersEnded.raise() }
  }
}
