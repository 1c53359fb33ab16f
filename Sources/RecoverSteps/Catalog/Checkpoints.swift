internal import RecoverBase
internal import RecoverEngine
internal import Synchronization

/// Journals checkpoints from blocking work without making it wait: only the newest of each name is kept until the
/// journal has taken it.
final class Checkpoints: Sendable {
  private let state = Mutex(State())
  private static let interval = Duration.milliseconds(500)

  private struct State {
    var pending: [String: JSONValue] = [:]
    /// How many were put, and how many of those the journal has.
    var putCount = 0
    var journaledCount = 0
    var hasFailed = false
  }

  /// Notes progress that is durable where it was made; called on the blocking thread.
  func put(_ name: String, _ value: JSONValue) { _ = add(name, value) }

  /// Notes what has to be in the journal before the caller goes on, and waits for that; called on the blocking thread.
  ///
  /// - Throws: ``RecoverError`` `journal` when it can't be journaled, `interrupted`.
  func putDurably(_ name: String, _ value: JSONValue, _ interruption: Interruption) throws {
    let number = add(name, value)
    while true {
      let (journaled, hasFailed) = state.withLock { ($0.journaledCount, $0.hasFailed) }
      if journaled >= number { return }
      guard !hasFailed else { throw RecoverError(.journal, "\(name) could not be journaled, so that nothing was done") }
      try interruption.check()
      interruption.wait(atMost: .milliseconds(10))
    }
  }

  private func add(_ name: String, _ value: JSONValue) -> Int {
    state.withLock { state in
      state.pending[name] = value
      state.putCount += 1
      return state.putCount
    }
  }

  private func flush(to reporter: any StepReporter) async throws {
    let (values, count) = state.withLock { state in
      defer { state.pending = [:] }
      return (state.pending, state.putCount)
    }
    do {
      for (name, value) in values { try await reporter.checkpoint(name, value) }
    } catch {
      state.withLock { $0.hasFailed = true }
      throw error
    }
    state.withLock { $0.journaledCount = count }
  }

  /// Runs blocking work on a thread of its own while its checkpoints are journaled, the last before this returns.
  static func run<Value: Sendable>(
    _ name: StaticString, reporter: any StepReporter,
    _ body: @escaping @Sendable (Interruption, Checkpoints) throws -> Value
  ) async throws -> Value {
    let checkpoints = Checkpoints()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          try await Task.sleep(for: interval)
          try await checkpoints.flush(to: reporter)
        }
      }
      let result: Result<Value, any Error>
      do {
        result = .success(try await BlockingThread.run(name) { try body($0, checkpoints) })
      } catch {
        result = .failure(error)
      }
      group.cancelAll()
      try? await group.waitForAll()
      try await checkpoints.flush(to: reporter)
      return try result.get()
    }
  }
}
