internal import FoundationEssentials
internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("HTTPS probes")
struct TLSProbeTests {
  @Test("a certificate that nobody vouches for is refused, a trusted one is not, one of another name is")
  func certificate() async throws {
    try await Scratch.with { scratch in
      let pipe = try scratch.pipe("port")
      try scratch.write("server.py", Self.server)
      let subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
      let made = try await ChildProcess.run(
        Command(
          [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "key.pem", "-out",
            "cert.pem",
          ]
            + subject, directory: scratch.path),
        kind: .run, in: scratch.context())
      try made.requireSuccess("openssl", logFile: scratch.logFile)
      let server = Task {
        try await ChildProcess.run(
          Command(["python3", "server.py", pipe.path], directory: scratch.path), kind: .run, in: scratch.context())
      }
      let port = try await pipe.line()
      var probe = HTTPProbe(url: "https://localhost:\(port)/")
      let untrusted = await probe.check(.after(.seconds(30)))
      #expect(untrusted.reason?.contains("certificate") == true, "\(untrusted)")
      probe.certificateFile = scratch.file("cert.pem")
      #expect(await probe.check(.after(.seconds(30))) == .healthy)
      probe.url = "https://127.0.0.1:\(port)/"
      let otherName = await probe.check(.after(.seconds(30)))
      #expect(otherName.reason?.contains("127.0.0.1") == true, "\(otherName)")
      #expect(!otherName.isHealthy)
      server.cancel()
      _ = try await server.value
    }
  }

  /// Answers 200 to whoever gets through the handshake.
  private static let server = """
    import http.server, ssl, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(sys.argv[1], "w") as pipe: pipe.write(f"{server.server_port}\\n")
    server.serve_forever()
    """
}
