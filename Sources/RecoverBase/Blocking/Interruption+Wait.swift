internal import Glibc

extension Interruption {
  /// Waits until it is raised, at most so long.
  ///
  /// - Returns: whether it is raised.
  @discardableResult
  package func wait(atMost duration: Duration) -> Bool {
    let deadline = Deadline.after(duration)
    while !isRaised {
      let left = deadline.remaining.nanoseconds
      guard left > 0 else { return false }
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // Rounded up, so that the last round does not spin; EINTR goes round again.
      _ = unsafe poll(&request, 1, Int32(min(left / 1_000_000 + 1, 60_000)))
    }
    return true
  }
}
