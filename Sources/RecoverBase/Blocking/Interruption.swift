internal import CLinux
internal import Glibc
internal import Synchronization

/// A request to stop, which blocking work can test and poll(2) for.
///
/// Raising it is permanent and may be done from any thread, any number of times.
package final class Interruption: Sendable {
  private let raised = Atomic<Bool>(false)
  /// Readable once raised; for poll(2) next to the socket that work waits on.
  package let descriptor: Int32

  package init() {
    descriptor = recover_eventfd()
    precondition(descriptor >= 0, "eventfd(2) failed: out of file descriptors")
  }

  deinit { close(descriptor) }

  package var isRaised: Bool { raised.load(ordering: .acquiring) }

  /// Asks the work to stop.
  package func raise() {
    raised.store(true, ordering: .releasing)
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// - Throws: ``RecoverError`` `interrupted` once raised.
  package func check() throws {
    if isRaised { throw RecoverError(.interrupted, "stopped before it was finished") }
  }
}
