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

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-tcp") { interruption in
        _ = try TCPConnection(host: host, port: port, deadline: deadline, interruption: interruption)
        return .healthy
      }
    } catch let failure as TCPConnection.Failure {
      return failure.result
    } catch {
      return .unknown("\(host):\(port): \(error)")
    }
  }
}
