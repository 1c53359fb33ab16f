internal import Dispatch
internal import Glibc
internal import RecoverBase

/// Work that ends in good order when Ctrl-C or SIGTERM comes: what it began is taken back, children end.
enum CancelledBySignals {
  /// Runs `body`, and cancels it when one of the signals comes.
  ///
  /// - Throws: what `body` throws; after a signal ``RecoverError`` `interrupted` or `terminated`.
  static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let (signals, continuation) = AsyncStream<RecoverError.Code>.makeStream()
    let queue = DispatchQueue(label: "signals")
    let sources: [any DispatchSourceSignal] = [(SIGINT, RecoverError.Code.interrupted), (SIGTERM, .terminated)].map {
      number, code in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { continuation.yield(code) }
      source.activate()
      return source
    }
    defer {
      for source in sources { source.cancel() }
      signal(SIGINT, SIG_DFL)
      signal(SIGTERM, SIG_DFL)
    }
    return try await withThrowingTaskGroup(of: Outcome<Value>.self) { group in
      group.addTask { .done(try await body()) }
      group.addTask {
        for await code in signals { return .signalled(code) }
        return .unsignalled
      }
      var signalled: RecoverError.Code?
      do {
        while let outcome = try await group.next() {
          switch outcome {
          case .done(let value):
            continuation.finish()
            return value
          case .signalled(let code):
            signalled = code
            group.cancelAll()
          case .unsignalled: break
          }
        }
      } catch {
        continuation.finish()
        guard let signalled else { throw error }
        throw RecoverError(signalled, "stopped before it was finished; nothing was left behind", underlying: error)
      }
      throw RecoverError(.bug, "the work ended without a result")
    }
  }

  private enum Outcome<Value: Sendable>: Sendable {
    case done(Value)
    case signalled(RecoverError.Code)
    case unsignalled
  }
}
