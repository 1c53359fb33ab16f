internal import Glibc
internal import RecoverBase

/// A TCP connection with a deadline over everything that it does; closed with it.
///
/// Blocking.
struct TCPConnection: ~Copyable {
  private let socket: Descriptor
  private let place: String
  private let deadline: Deadline
  private let interruption: Interruption

  /// Why there is no connection, or no more.
  enum Failure: Error, Hashable {
    /// It answered that it won't, or not in time.
    case refused(String)
    /// It could not be asked.
    case unknown(String)

    var result: HealthResult {
      switch self {
      case .refused(let reason): .unhealthy(reason)
      case .unknown(let reason): .unknown(reason)
      }
    }
  }

  /// Looks a host up and connects to its addresses in turn.
  ///
  /// The look-up is getaddrinfo(3), which no deadline can end: resolv.conf(5) limits it.
  init(host: String, port: Int, deadline: Deadline, interruption: Interruption) throws(Failure) {
    let place = "\(host):\(port)"
    (self.place, self.deadline, self.interruption) = (place, deadline, interruption)
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      let text = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
      throw .unknown("can't look \(host) up: \(text.lowercased())")
    }
    defer { unsafe freeaddrinfo(list) }
    var failure = Failure.unknown("\(host) has no address")
    var next = unsafe list
    while let address = unsafe next {
      do {
        socket = try unsafe Self.connect(address.pointee, place, deadline, interruption)
        return
      } catch { failure = error }
      unsafe next = address.pointee.ai_next
    }
    throw failure
  }

  private static func connect(
    _ address: addrinfo, _ place: String, _ deadline: Deadline, _ interruption: Interruption
  ) throws(Failure) -> Descriptor {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let number = unsafe Glibc.socket(address.ai_family, type, 0)
    guard number >= 0 else { throw .unknown("\(place): \(RecoverError.systemMessage(errno))") }
    let socket = Descriptor(owning: number)
    if unsafe Glibc.connect(number, address.ai_addr, address.ai_addrlen) == 0 { return socket }
    guard errno == EINPROGRESS else { throw .refused("\(place): \(RecoverError.systemMessage(errno))") }
    try wait(number, POLLOUT, place, deadline, interruption)
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else {
      throw .unknown("\(place): \(RecoverError.systemMessage(errno))")
    }
    guard error == 0 else { throw .refused("\(place): \(RecoverError.systemMessage(error))") }
    return socket
  }

  private static func wait(
    _ number: Int32, _ events: Int32, _ place: String, _ deadline: Deadline, _ interruption: Interruption
  ) throws(Failure) {
    while true {
      if interruption.isRaised {
        throw .unknown("\(place): stopped while \(events == POLLOUT ? "connecting" : "asking")")
      }
      let left = deadline.remaining
      guard left > .zero else { throw .refused("\(place): no answer in time") }
      var entries = [
        pollfd(fd: number, events: Int16(events), revents: 0),
        pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      unsafe poll(&entries, nfds_t(entries.count), left.pollMilliseconds)
      if entries[0].revents != 0 { return }
    }
  }

  /// Sends all of it.
  borrowing func send(_ bytes: [UInt8]) throws(Failure) {
    var left = bytes[...]
    while !left.isEmpty {
      let count = unsafe left.withUnsafeBytes {
        unsafe Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        left = left.dropFirst(count)
      } else if errno == EAGAIN {
        try Self.wait(socket.number, POLLOUT, place, deadline, interruption)
      } else if errno != EINTR {
        throw .refused("\(place): \(RecoverError.systemMessage(errno))")
      }
    }
  }

  /// Reads what comes next; empty when the other side has closed.
  borrowing func receive() throws(Failure) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 8192)
    while true {
      let count = unsafe recv(socket.number, &buffer, buffer.count, 0)
      if count >= 0 { return Array(buffer.prefix(count)) }
      if errno == EAGAIN {
        try Self.wait(socket.number, POLLIN, place, deadline, interruption)
      } else if errno != EINTR {
        throw .refused("\(place): \(RecoverError.systemMessage(errno))")
      }
    }
  }
}
