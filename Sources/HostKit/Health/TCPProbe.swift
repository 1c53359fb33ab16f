internal import Glibc
package import RecoverBase

/// Passes when a TCP connection can be made to one of a host's addresses; it is closed at once.
package struct TCPProbe: ProbeDriver {
  private let host: String
  private let port: Int

  /// - Parameter port: 1...65535.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Looks the host up and connects to its addresses in turn.
  ///
  /// The look-up is getaddrinfo(3), which no deadline can end: resolv.conf(5) limits it.
  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-tcp") { interruption in
        connectToAny(deadline, interruption)
      }
    } catch {
      return .unknown("\(host):\(port): \(error)")
    }
  }

  private func connectToAny(_ deadline: Deadline, _ interruption: Interruption) -> HealthResult {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      let text = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
      return .unknown("can't look \(host) up: \(text.lowercased())")
    }
    defer { unsafe freeaddrinfo(list) }
    var result = HealthResult.unknown("\(host) has no address")
    var next = unsafe list
    while let address = unsafe next {
      result = unsafe connect(address.pointee, deadline, interruption)
      if result.isHealthy { return result }
      unsafe next = address.pointee.ai_next
    }
    return result
  }

  private func connect(_ address: addrinfo, _ deadline: Deadline, _ interruption: Interruption) -> HealthResult {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let number = unsafe socket(address.ai_family, type, 0)
    guard number >= 0 else { return .unknown(failure(errno)) }
    let connection = Descriptor(owning: number)
    if unsafe Glibc.connect(connection.number, address.ai_addr, address.ai_addrlen) == 0 { return .healthy }
    guard errno == EINPROGRESS else { return .unhealthy(failure(errno)) }
    while true {
      if interruption.isRaised { return .unknown("\(host):\(port): stopped while connecting") }
      let left = deadline.remaining
      guard left > .zero else { return .unhealthy("\(host):\(port): no answer in time") }
      var entries = [
        pollfd(fd: connection.number, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      unsafe poll(&entries, nfds_t(entries.count), left.pollMilliseconds)
      guard entries[0].revents != 0 else { continue }
      var error: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      guard unsafe getsockopt(connection.number, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else {
        return .unknown(failure(errno))
      }
      return error == 0 ? .healthy : .unhealthy(failure(error))
    }
  }

  private func failure(_ number: Int32) -> String { "\(host):\(port): \(RecoverError.systemMessage(number))" }
}
