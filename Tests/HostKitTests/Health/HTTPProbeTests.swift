internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Synchronization
internal import Testing

@testable internal import HostKit

@Suite("HTTP probes")
struct HTTPProbeTests {
  private static let soon: Duration = .seconds(30)

  @Test("the status decides", arguments: [200, 204, 302, 404, 500, 503])
  func status(_ status: Int) async throws {
    try await HttpServer.with({ _ in .response(status) }) { server in
      let probe = HTTPProbe(url: server.url("/health"), statuses: [200, 204])
      let result = await probe.check(.after(Self.soon))
      if status < 300 {
        #expect(result == .healthy)
      } else {
        #expect(result == .unhealthy("\(server.url("/health")): status \(status), and not 200 or 204"))
      }
    }
  }

  @Test("no proxy of the environment is asked")
  func proxy() async {
    // In a process of its own: the environment is everybody's.
    await #expect(processExitsWith: .success) {
      for name in ["http_proxy", "ALL_PROXY"] { unsafe setenv(name, "http://127.0.0.1:1", 1) }
      try await HttpServer.with({ _ in .response(200) }) { server in
        let result = await HTTPProbe(url: server.url("/")).check(.after(.seconds(30)))
        precondition(result == .healthy, "\(result)")
      }
    }
  }

  @Test("the request says what was asked for, and carries the headers")
  func request() async throws {
    let seen = Mutex<[HttpServer.Request]>([])
    try await HttpServer.with({ request in
      seen.withLock { $0.append(request) }
      return .response(200)
    }) { server in
      var probe = HTTPProbe(url: server.url("/health?deep=1"), headers: ["X-Check": "yes", "X-Empty": ""])
      #expect(await probe.check(.after(Self.soon)) == .healthy)
      probe.method = .head
      #expect(await probe.check(.after(Self.soon)) == .healthy)
    }
    let requests = seen.withLock { $0 }
    #expect(requests.map(\.method) == ["GET", "HEAD"])
    #expect(requests.map(\.path) == ["/health?deep=1", "/health?deep=1"])
    #expect(requests.first?.headers.contains("X-Check: yes") == true)
    #expect(requests.first?.headers.contains("X-Empty:") == true)
    #expect(requests.first?.headers.contains("User-Agent: recover") == true)
  }

  @Test("a wanted text has to be in the body")
  func body() async throws {
    try await HttpServer.with({ _ in .response(200, body: "{\"status\": \"ok\"}") }) { server in
      var probe = HTTPProbe(url: server.url("/"), contains: "\"ok\"")
      #expect(await probe.check(.after(Self.soon)) == .healthy)
      probe.contains = "fine"
      let reason = "\(server.url("/")): status 200, but the body does not contain `fine`"
      #expect(await probe.check(.after(Self.soon)) == .unhealthy(reason))
    }
  }

  @Test("of a body without an end the first 1 MiB counts")
  func endless() async throws {
    try await HttpServer.with({ _ in .endless }) { server in
      var probe = HTTPProbe(url: server.url("/"))
      #expect(await probe.check(.after(Self.soon)) == .healthy)
      probe.contains = "y"
      let result = await probe.check(.after(Self.soon))
      #expect(result.reason?.contains("the first 1.0 MB of the body does not contain") == true)
    }
  }

  @Test("a redirect is an answer like any other, unless it is to be followed")
  func redirect() async throws {
    try await HttpServer.with({ request in
      switch request.path {
      case "/old": .response(302, headers: ["Location: /new"])
      case "/loop": .response(302, headers: ["Location: /loop"])
      case "/file": .response(302, headers: ["Location: file:///etc/passwd"])
      default: .response(200)
      }
    }) { server in
      var probe = HTTPProbe(url: server.url("/old"))
      #expect(await probe.check(.after(Self.soon)).reason?.contains("status 302") == true)
      probe.followsRedirects = true
      #expect(await probe.check(.after(Self.soon)) == .healthy)
      probe.url = server.url("/loop")
      #expect(await probe.check(.after(Self.soon)).reason?.contains("redirects") == true)
      probe.url = server.url("/file")
      #expect(await !probe.check(.after(Self.soon)).isHealthy)
    }
  }

  @Test(
    "a server that breaks off or talks nonsense is unhealthy",
    arguments: ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"])
  func broken(_ answer: String) async throws {
    try await HttpServer.with({ _ in .raw(answer) }) { server in
      let result = await HTTPProbe(url: server.url("/")).check(.after(Self.soon))
      guard case .unhealthy = result else {
        Issue.record("\(result)")
        return
      }
    }
  }

  @Test("a server that does not answer is unhealthy when the deadline passes")
  func silent() async throws {
    try await HttpServer.with({ _ in .silence }) { server in
      let probe = HTTPProbe(url: server.url("/"))
      let result = await probe.check(.after(.milliseconds(100)))
      #expect(result.reason?.contains("timed out") == true)
      guard case .unhealthy = result else {
        Issue.record("\(result)")
        return
      }
      #expect(await probe.check(.after(.zero)).reason?.contains("no time was left") == true)
    }
  }

  @Test("a cancelled task ends a probe that waits")
  func cancelled() async throws {
    try await HttpServer.with({ _ in .silence }) { server in
      let url = server.url("/")
      let probe = Task { await HTTPProbe(url: url).check(.after(.seconds(3600))) }
      probe.cancel()
      #expect(await probe.value == .unknown("\(url): stopped while asking"))
    }
  }

  @Test("nobody who listens is unhealthy")
  func refused() async throws {
    let port = try await HttpServer.with({ _ in .silence }) { $0.port }
    let result = await HTTPProbe(url: "http://127.0.0.1:\(port)/").check(.after(Self.soon))
    guard case .unhealthy = result else {
      Issue.record("\(result)")
      return
    }
  }

  @Test(
    "what can't be asked is unknown, and no message holds a password or a query",
    arguments: [
      "http://", "gopher://user:canary@host/", "not a url", "file:///etc/passwd", "http://user:canary@ /?token=canary",
    ])
  func unaskable(_ url: String) async throws {
    let result = await HTTPProbe(url: url).check(.after(Self.soon))
    guard case .unknown(let reason) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(!reason.contains("canary"))
  }

  @Test(
    "a URL is shown without what may be secret",
    arguments: [
      ("http://host:8000/health", "http://host:8000/health"),
      ("https://user:canary@host/a@b?token=canary#canary", "https://host/a@b"),
      ("https://user:can@ary@host", "https://host"),
      ("http:user:canary@host/x", "host/x"),
      ("", ""),
    ])
  func shown(_ url: String, _ shown: String) {
    #expect(HTTPProbe.shown(url) == shown)
  }
}
