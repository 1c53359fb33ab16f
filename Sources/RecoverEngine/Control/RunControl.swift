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
    var waiters: [Int: Waiter] = [:]
  }

  private struct Waiter {
    /// Whether it waits for a stop and sleeps through everything weaker.
    var needsStop: Bool
    var continuation: CheckedContinuation<Void, Never>

    func isMet(by request: Request?) -> Bool {
      switch request {
      case nil: false
      case .pause, .cancel: !needsStop
      case .stop: true
      }
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// What is asked now.
  package var request: Request? { state.withLock { $0.request } }

  /// Asks; a weaker request than the one that stands changes nothing.
  package func ask(_ request: Request) {
    let met = state.withLock { state -> [Int: Waiter] in
      guard request.rank > state.request?.rank ?? 0 else { return [:] }
      state.request = request
      let met = state.waiters.filter { $0.value.isMet(by: request) }
      for id in met.keys { state.waiters[id] = nil }
      return met
    }
    for id in met.keys.sorted() { met[id]?.continuation.resume() }
  }

  /// Forgets a pause or a cancel that was carried out or can't be, unless something else was asked since.
  package func clear(_ request: Request) {
    if case .stop = request { return }
    state.withLock { state in
      if state.request == request { state.request = nil }
    }
  }

  /// Returns once anything is asked, or when the task is cancelled.
  ///
  /// - Parameter stopOnly: whether to wait for a stop, whatever weaker is asked meanwhile.
  package func waitForRequest(stopOnly: Bool = false) async {
    let id = state.withLock { state -> Int in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isSettled = state.withLock { state -> Bool in
          let waiter = Waiter(needsStop: stopOnly, continuation: continuation)
          if waiter.isMet(by: state.request) || Task.isCancelled { return true }
          state.waiters[id] = waiter
          return false
        }
        if isSettled { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }
  }
}
