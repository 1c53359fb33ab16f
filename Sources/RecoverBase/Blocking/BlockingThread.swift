internal import CLinux
internal import Glibc

/// Runs blocking work (libpq, inflate, file trees) on a thread of its own, never on the cooperative pool.
package enum BlockingThread {
  /// Runs `body` on a new thread and waits for it without blocking the caller's.
  ///
  /// Cancelling the task raises the ``Interruption`` that the body is given; the call still waits for the
  /// body, so that nothing goes on behind the caller's back.
  ///
  /// - Parameter name: the thread's name in `ps -L` and debuggers, at most 15 bytes.
  package static func run<Value: Sendable>(
    _ name: StaticString, _ body: @escaping @Sendable (Interruption) throws -> Value
  ) async throws -> Value {
    let interruption = Interruption()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        start(name) { continuation.resume(with: Result { try body(interruption) }) }
      }
    } onCancel: {
      interruption.raise()
    }
  }

  private final class Job {
    let name: StaticString
    let body: @Sendable () -> Void
    init(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  static func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
    let job = unsafe Unmanaged.passRetained(Job(name, body))
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let code = unsafe pthread_create(
      &thread, &attributes,
      { context in
        guard let context = unsafe context else { return nil }
        let job = unsafe Unmanaged<Job>.fromOpaque(context).takeRetainedValue()
        unsafe recover_name_thread(job.name.utf8Start)
        job.body()
        return nil
      }, job.toOpaque())
    unsafe pthread_attr_destroy(&attributes)
    precondition(code == 0, "pthread_create(3) failed: out of threads or memory")
  }
}
