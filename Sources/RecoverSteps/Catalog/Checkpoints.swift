internal import RecoverBase
internal import RecoverEngine
internal import Synchronization

/// Journals checkpoints from blocking work without making it wait: only the newest of each name is kept until the
/// journal has taken it.
final class Checkpoints: Sendable {
  private let pending = Mutex<[String: JSONValue]>([:])
  private static let interval = Duration.milliseconds(500)

  /// Notes progress that is durable where it was made; called on the blocking thread.
  func put(_ name: String, _ value: JSONValue) { pending.withLock { $0[name] = value } }

  private func take() -> [String: JSONValue] {
    pending.withLock { pending in
      defer { pending = [:] }
      return pending
    }
  }

  private func flush(to reporter: any StepReporter) async throws {
    for (name, value) in take() { try await reporter.checkpoint(name, value) }
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
