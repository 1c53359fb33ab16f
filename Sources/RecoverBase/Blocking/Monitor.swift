internal import Glibc

/// State that several blocking threads share, and wait on (POSIX, "Condition Variables").
///
/// Never hold it while waiting for anything else.
@safe package final class Monitor<State: Sendable>: @unchecked Sendable {
  // Unchecked: the state is only touched while the mutex is held. Both live on the heap since POSIX forbids to move them.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  package init(_ state: State) {
    self.state = state
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Looks at the state, or changes it, and wakes whoever waits.
  @discardableResult
  package func change<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(condition)
      unsafe pthread_mutex_unlock(mutex)
    }
    return try body(&state)
  }

  /// Waits until `body` gives a value, asking again after every change.
  ///
  /// - Parameters:
  ///   - duration: how long it waits at most.
  ///   - body: called while nobody else may look.
  /// - Returns: nil when the time is over.
  package func wait<Value>(atMost duration: Duration, until body: (inout State) throws -> Value?) rethrows -> Value? {
    var end = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &end)
    let nanoseconds = Int64(end.tv_nsec) + duration.nanoseconds
    end.tv_sec += Int(nanoseconds / 1_000_000_000)
    end.tv_nsec = Int(nanoseconds % 1_000_000_000)
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let value = try body(&state) { return value }
      if unsafe pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT { return try body(&state) }
    }
  }
}
