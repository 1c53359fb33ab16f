internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

@Suite(.serialized)
struct CertificateProbeTests {
  private static let expiryDates: [(String, Int64?)] = [
    ("Nov 24 20:25:20 2026 GMT", 1_795_551_920), ("2026-11-24 20:25:20 GMT", 1_795_551_920),
    ("Feb 29 00:00:00 2028 GMT", 1_835_395_200), ("Jan  1 00:00:00 1970 GMT", 0), ("Xxx 24 20:25:20 2026 GMT", nil),
    ("", nil), ("2026-11-24 20:25:20", nil),
  ]

  @Test(
    "expiry dates are read as OpenSSL and as GnuTLS write them",
    arguments: expiryDates)
  func dates(text: String, seconds: Int64?) {
    #expect(TLSProbe.time(text)?.microseconds == seconds.map { $0 * 1_000_000 })
  }

  private static let server = """
    import socket, ssl, sys
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    open(sys.argv[1], "w").write("%d\\n" % listener.getsockname()[1])
    while True:
        connection = listener.accept()[0]
        try: context.wrap_socket(connection, server_side=True).close()
        except OSError: pass
    """

  @Test("a certificate is judged by its chain, its name and its days, of a server that speaks no HTTP")
  func server() async throws {
    try await Scratch.with { scratch in
      try TestProcess.output(
        [
          "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-keyout", "key.pem", "-out",
          "cert.pem", "-subj", "/CN=app.example", "-addext", "subjectAltName=DNS:app.example",
        ], directory: scratch.path)
      try scratch.write("server.py", Self.server)
      let pipe = try scratch.pipe("port")
      let server = try TestProcess(["python3", "server.py", pipe.path], directory: scratch.path)
      let port = try #require(Int(try await pipe.line()))
      func check(name: String?, days: Int, trusted: Bool = true) async -> HealthResult {
        await TLSProbe(
          host: "127.0.0.1", port: port, name: name, validity: .seconds(days * 86_400),
          certificateFile: trusted ? scratch.file("cert.pem") : nil
        ).check(.after(.seconds(30)))
      }
      #expect(await check(name: "app.example", days: 9) == .healthy)
      let soon = await check(name: "app.example", days: 14)
      #expect(soon.reason?.contains("expires in 9 days") == true, "\(soon)")
      #expect(await check(name: "other.example", days: 1).reason?.contains("other.example") == true)
      #expect(!(await check(name: "app.example", days: 1, trusted: false).isHealthy))
      server.signal(9)
      _ = server.wait()
    }
  }
}
