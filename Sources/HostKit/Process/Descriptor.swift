internal import Glibc

/// A file descriptor that is closed with its last reference.
final class Descriptor: Sendable {
  let number: Int32

  /// Takes over an open descriptor.
  init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// The same file under a number above those of the standard streams and the gate, so that a child can be
  /// given it as any of them.
  func duplicatedAbove(_ lowest: Int32 = 10) -> Descriptor? {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, lowest)
    return copy >= 0 ? Descriptor(owning: copy) : nil
  }
}
