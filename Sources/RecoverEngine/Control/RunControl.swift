internal import RecoverBase
package import RecoverCore
internal import Synchronization

/// What people and the lease ask of the runner while it works.
///
/// Requests only grow: a cancel replaces a pause, a lost lease replaces both.
package final class RunControl: Sendable {
  package enum Request: Sendable, Hashable {
    /// Stop at the next safe point; the cause says who asked.
    case pause(Cause)
    /// Go back.
    case cancel(Cause)
    /// Stop without another effect or record.
    case stop(Cause)

    fileprivate var rank: Int {
      switch self {
      case .pause: 1
      case .cancel: 2
      case .stop: 3
      }
    }
  }

  private struct State {
    var request: Request?
    var nextWaiter = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// What is asked now.
  package var request: Request? { state.withLock { $0.request } }

  /// Asks; a weaker request than the one that stands changes nothing.
  package func ask(_ request: Request) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard request.rank > state.request?.rank ?? 0 else { return [] }
      state.request = request
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Forgets a pause or a cancel that was carried out or can't be.
  package func clear() {
    state.withLock { state in
      if case .stop = state.request { return }
      state.request = nil
    }
  }

  /// Returns once anything is asked, or when the task is cancelled.
  package func waitForRequest() async {
    let id = state.withLock { state -> Int in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isSettled = state.withLock { state -> Bool in
          if state.request != nil || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isSettled { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }
}
