internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

/// The client against a server that speaks RESP; no Redis is installed where these tests run.
@Suite(.serialized)
struct RedisProbeTests {
  private static let answerTexts: [(String, RESPAnswer?)] = [
    ("+PONG\r\n", RESPAnswer.text("PONG")), ("+PON", nil), ("-NOAUTH x\r\n", .error("NOAUTH x")),
    ("$5\r\nhello\r\n", .bulk("hello")), ("$5\r\nhel", nil), ("$-1\r\n", .strange("$-1")),
    ("HTTP/1.1 400\r\n", .strange("HTTP/1.1 400")), (":5\r\n", .text("5")),
  ]

  @Test(
    "answers are read once they are whole",
    arguments: answerTexts)
  func answers(text: String, answer: RESPAnswer?) {
    #expect(RESPAnswer(Array(text.utf8)) == answer)
  }

  private static let server = """
    import socket, sys
    listener = socket.create_server(("127.0.0.1", 0))
    open(sys.argv[1], "w").write("%d\\n" % listener.getsockname()[1])
    while True:
        connection = listener.accept()[0]
        allowed = False
        while True:
            data = connection.recv(4096)
            if not data: break
            words = data.decode().split("\\r\\n")[2::2]
            if words[0] == "AUTH":
                allowed = words[1:] == ["app", "right"]
                answer = b"+OK\\r\\n" if allowed else b"-WRONGPASS invalid username-password pair\\r\\n"
            elif not allowed: answer = b"-NOAUTH Authentication required.\\r\\n"
            elif words[0] == "PING": answer = b"+PONG\\r\\n"
            else:
                text = b"# Memory\\r\\nused_memory:1000000\\r\\nused_memory_human:1M\\r\\n"
                answer = b"$%d\\r\\n%s\\r\\n" % (len(text), text)
            for byte in answer: connection.send(bytes([byte]))
        connection.close()
    """

  @Test("a Redis passes with the right password and enough memory, and says why not")
  func server() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("port")
      try scratch.write("server.py", Self.server)
      let server = try TestProcess(["python3", scratch.file("server.py"), pipe.path])
      let port = try #require(Int(try await pipe.line()))
      func check(_ password: String?, _ limit: Int? = nil) async -> HealthResult {
        await RedisProbe(
          host: "127.0.0.1", port: port, user: password == nil ? nil : "app", password: password.map(Secret.init),
          memoryLimit: limit.map { ByteCount($0) }
        ).check(.after(.seconds(30)))
      }
      #expect(await check("right") == .healthy)
      #expect(await check("right", 1_000_000) == .healthy)
      #expect(await check("right", 999_999).reason?.contains("and not at most") == true)
      #expect(await check(nil).reason?.contains("NOAUTH") == true)
      let wrong = await check("canary")
      #expect(wrong.reason?.contains("WRONGPASS") == true && wrong.reason?.contains("canary") == false)
      server.signal(9)
      _ = server.wait()
      guard case .unhealthy = await check("right") else {
        Issue.record("a server that is gone was not unhealthy")
        return
      }
    }
  }
}
