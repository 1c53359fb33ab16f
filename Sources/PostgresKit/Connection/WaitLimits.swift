internal import Glibc
internal import RecoverBase

/// Why waiting ended before the server answered.
enum Halt: Error { case interrupted, timedOut }

/// What a socket is waited for, and what it then is ready for.
struct SocketEvents: OptionSet {
  let rawValue: Int16

  static let read = SocketEvents(rawValue: Int16(POLLIN))
  static let write = SocketEvents(rawValue: Int16(POLLOUT))
}

/// What ends a wait early.
struct WaitLimits {
  var interruption: Interruption?
  var deadline: Deadline?
  /// How long one wait may still take once the interruption is raised.
  var grace = Duration.zero

  /// Waits with poll(2) until the socket is ready, or has failed (which the next call to libpq reports).
  ///
  /// - Throws: ``Halt``.
  func wait(for events: SocketEvents, on socket: Int32) throws -> SocketEvents {
    var isInGrace = false
    while true {
      var milliseconds: Int32 = -1
      var watched = interruption
      if let interruption, interruption.isRaised {
        guard grace > .zero, !isInGrace else { throw Halt.interrupted }
        (isInGrace, watched) = (true, nil)
        milliseconds = Int32(clamping: grace.nanoseconds / 1_000_000)
      }
      if let deadline {
        let left = deadline.remaining.nanoseconds
        guard left > 0 else { throw Halt.timedOut }
        let limit = Int32(min(left / 1_000_000 + 1, 60_000))
        milliseconds = milliseconds < 0 ? limit : min(milliseconds, limit)
      }
      var requests = [pollfd(fd: socket, events: events.rawValue, revents: 0)]
      if let interruption = watched {
        requests.append(pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0))
      }
      let count = unsafe poll(&requests, nfds_t(requests.count), milliseconds)
      precondition(count >= 0 || errno == EINTR, "poll(2) failed")
      // The time-out and the interruption are seen at the top; EINTR tries again.
      if count > 0, requests[0].revents != 0 { return SocketEvents(rawValue: requests[0].revents) }
    }
  }
}
