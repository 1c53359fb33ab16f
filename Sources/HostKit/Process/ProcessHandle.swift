internal import CLinux
internal import Glibc
internal import RecoverBase

/// A hold on one process, through which no other one that reuses its pid can be reached (pidfd_open(2)).
///
/// On kernels before 5.3 it falls back to the pid, checked against the start time right before each use.
struct ProcessHandle: ~Copyable {
  let identity: ProcessIdentity
  private let descriptor: Descriptor?

  /// Takes hold of a process; nil when it is gone.
  init?(_ identity: ProcessIdentity) {
    let number = recover_pidfd_open(identity.pid)
    descriptor = number >= 0 ? Descriptor(owning: number) : nil
    self.identity = identity
    // Only now: the descriptor is of the process that had the pid when it was opened.
    guard identity.isAlive else { return nil }
  }

  /// Sends a signal.
  ///
  /// - Returns: false when the process is gone.
  /// - Throws: ``RecoverError`` `missingRequirement` when it belongs to somebody else.
  func send(_ signal: Int32) throws -> Bool {
    let code: Int32
    if let descriptor {
      code = recover_pidfd_send_signal(descriptor.number, signal)
    } else {
      guard identity.isAlive else { return false }
      code = kill(identity.pid, signal)
    }
    guard code < 0, errno != ESRCH else { return code == 0 }
    throw RecoverError.system(
      .missingRequirement, "can't end process \(identity.pid)", hint: "run as the user that owns it, or as root")
  }

  /// Waits until the process has ended, all its threads included.
  ///
  /// - Returns: false when the deadline passed first.
  func waitUntilGone(_ deadline: Deadline) -> Bool {
    while identity.isAlive {
      let left = deadline.remaining
      guard left > .zero else { return false }
      // A pidfd wakes this at once; the pause is for kernels without one.
      let most: Duration = descriptor == nil ? .milliseconds(20) : .seconds(10)
      var entry = pollfd(fd: descriptor?.number ?? -1, events: Int16(POLLIN), revents: 0)
      unsafe poll(&entry, 1, min(left, most).pollMilliseconds)
    }
    return true
  }
}

extension Duration {
  /// The duration for poll(2): rounded up, so that nothing wakes before its time.
  var pollMilliseconds: Int32 { Int32(clamping: (max(nanoseconds, 0) &+ 999_999) / 1_000_000) }
}
