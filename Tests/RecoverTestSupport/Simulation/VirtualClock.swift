package import RecoverBase
internal import RecoverEngine
internal import Synchronization

/// Time that stands still while anything can run, and then jumps to whatever sleeps least.
package final class VirtualClock: EngineClock {
  private struct State {
    var now: Int64
    var generator: SeededGenerator
    var nextSleeper = 0
    var sleepers: [Int: Sleeper] = [:]
  }

  private struct Sleeper {
    var wakesAt: Int64
    var wake: @Sendable () -> Void
  }

  private let state: Mutex<State>
  /// 2026-11-23T06:51:31Z, as nanoseconds: the wall clock at the simulation's moment zero.
  private static let epochMicroseconds: Int64 = 1_795_416_691_000_000

  /// A clock that stands at a number of nanoseconds since the simulation began.
  package init(now: Int64 = 0, seed: UInt64 = 0) {
    state = Mutex(State(now: now, generator: SeededGenerator(seed: seed)))
  }

  /// Nanoseconds since the simulation began.
  package var now: Int64 { state.withLock { $0.now } }
  package var moment: Moment { Moment(nanoseconds: now) }
  package var wallTime: WallTime { WallTime(microseconds: Self.epochMicroseconds + now / 1000) }

  package func random() -> Double {
    state.withLock { Double($0.generator.next() >> 11) / Double(1 << 53) }
  }

  package func sleep(for duration: Duration) async throws {
    let id = state.withLock { state -> Int in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isSettled = state.withLock { state -> Bool in
          if Task.isCancelled || duration <= .zero { return true }
          state.sleepers[id] = Sleeper(wakesAt: state.now + duration.nanoseconds) { continuation.resume() }
          return false
        }
        if isSettled { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: id) }?.wake()
    }
    try Task.checkCancellation()
  }

  /// Jumps to the time at which the next sleeper wakes, and wakes it.
  ///
  /// - Returns: whether anybody slept.
  package func jump() -> Bool {
    let next = state.withLock { state -> Sleeper? in
      let first = state.sleepers.min { ($0.value.wakesAt, $0.key) < ($1.value.wakesAt, $1.key) }
      guard let first else { return nil }
      state.now = max(state.now, first.value.wakesAt)
      return state.sleepers.removeValue(forKey: first.key)
    }
    next?.wake()
    return next != nil
  }

  /// Calls back after a duration, between two jobs.
  package func at(_ duration: Duration, _ body: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.nextSleeper += 1
      state.sleepers[state.nextSleeper] = Sleeper(wakesAt: state.now + duration.nanoseconds, wake: body)
    }
  }

  /// Lets time pass while nobody looks.
  package func advance(by duration: Duration) { state.withLock { $0.now += duration.nanoseconds } }
}
