internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

@Suite("TCP probes")
struct TCPProbeTests {
  @Test("a port on which somebody listens is healthy, by address and by name", arguments: ["127.0.0.1", "localhost"])
  func open(_ host: String) async throws {
    try await HttpServer.with({ _ in .silence }) { server in
      #expect(await TCPProbe(host: host, port: server.port).check(.after(.seconds(30))) == .healthy)
    }
  }

  @Test("a port on which nobody listens is unhealthy")
  func refused() async throws {
    let port = try await HttpServer.with({ _ in .silence }) { $0.port }
    let result = await TCPProbe(host: "127.0.0.1", port: port).check(.after(.seconds(30)))
    #expect(result == .unhealthy("127.0.0.1:\(port): connection refused"))
  }

  @Test("a host that has no address is unknown")
  func noAddress() async throws {
    let result = await TCPProbe(host: "no-such-host.invalid", port: 80).check(.after(.seconds(30)))
    #expect(result.reason?.hasPrefix("can't look no-such-host.invalid up: ") == true)
    guard case .unknown = result else {
      Issue.record("\(result)")
      return
    }
  }

  @Test("a connection that is not made by the deadline is unhealthy, one that is cancelled unknown")
  func pending() async throws {
    let (listener, fillers, port) = try Self.fullBacklog()
    defer { for descriptor in fillers + [listener] { close(descriptor) } }
    let probe = TCPProbe(host: "127.0.0.1", port: port)
    #expect(await probe.check(.after(.milliseconds(100))) == .unhealthy("127.0.0.1:\(port): no answer in time"))
    let waiting = Task { await probe.check(.after(.seconds(3600))) }
    waiting.cancel()
    #expect(await waiting.value == .unknown("127.0.0.1:\(port): stopped while connecting"))
  }

  /// A port whose queue is full, so that Linux drops every further SYN (listen(2), tcp_max_syn_backlog).
  private static func fullBacklog() throws -> (Int32, [Int32], Int) {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let listener = socket(AF_INET, type, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var fillers: [Int32] = []
    let code = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        let code = unsafe bind(listener, address, size) | listen(listener, 0) | getsockname(listener, address, &size)
        for _ in 0..<4 {
          let filler = socket(AF_INET, type, 0)
          _ = unsafe connect(filler, address, size)
          fillers.append(filler)
        }
        return code
      }
    }
    guard code == 0 else { throw RecoverError.system(.bug, "can't listen on 127.0.0.1") }
    return (listener, fillers, Int(UInt16(bigEndian: address.sin_port)))
  }
}
