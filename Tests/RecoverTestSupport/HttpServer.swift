internal import Glibc
internal import RecoverBase

/// A real HTTP/1.1 server on 127.0.0.1 that gives scripted answers, one request a connection.
package struct HttpServer: Sendable {
  package let port: Int

  /// `http://127.0.0.1:PORT` and the path.
  package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  /// What a client asked, without its body.
  package struct Request: Sendable {
    package var method: String
    package var path: String
    /// The lines of the header, as they were sent.
    package var headers: [String]
  }

  package enum Answer: Sendable {
    case response(Int, headers: [String] = [], body: String = "")
    /// These bytes and nothing else, then the connection is closed.
    case raw(String)
    /// Nothing, until the server ends.
    case silence
    /// Status 200 and a body without an end, as fast as it is read.
    case endless
  }

  /// Runs a server beside `body`, and ends it afterwards.
  package static func with<Value: Sendable>(
    _ answer: @escaping @Sendable (Request) -> Answer, _ body: (HttpServer) async throws -> Value
  ) async throws -> Value {
    let (listener, port) = try listen()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await BlockingThread.run("test-http") { interruption in
          serve(listener, interruption, answer)
        }
      }
      defer { group.cancelAll() }
      return try await body(HttpServer(port: port))
    }
  }

  private static func listen() throws -> (Int32, Int) {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let listener = socket(AF_INET, type, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, size) | Glibc.listen(listener, 64) | getsockname(listener, $0, &size)
      }
    }
    guard code == 0 else { throw RecoverError.system(.bug, "can't listen on 127.0.0.1") }
    return (listener, Int(UInt16(bigEndian: address.sin_port)))
  }

  private static func serve(
    _ listener: Int32, _ interruption: Interruption, _ answer: (Request) -> Answer
  ) {
    var silent: [Int32] = []
    while waitToRead(listener, interruption) {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { continue }
      _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
      if let request = read(connection, interruption), case .silence = reply(answer(request), to: connection) {
        silent.append(connection)
      } else {
        shutdown(connection, Int32(SHUT_WR))
        // The client closes first, so that no reset overtakes what was sent.
        var rest = [UInt8](repeating: 0, count: 4096)
        while waitToRead(connection, interruption), unsafe Glibc.read(connection, &rest, rest.count) > 0 {}
        close(connection)
      }
    }
    for connection in silent { close(connection) }
    close(listener)
  }

  /// Sends an answer, and gives it back.
  private static func reply(_ answer: Answer, to connection: Int32) -> Answer {
    switch answer {
    case .response(let status, let headers, let body):
      let lines = ["HTTP/1.1 \(status) Scripted", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
      _ = send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body, connection)
    case .raw(let text): _ = send(text, connection)
    case .endless:
      guard send("HTTP/1.1 200 OK\r\n\r\n", connection) else { break }
      let piece = String(repeating: "x", count: 65_536)
      while send(piece, connection) {}
    case .silence: break
    }
    return answer
  }

  private static func send(_ text: String, _ connection: Int32) -> Bool {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = unsafe Glibc.send(connection, rest, rest.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  private static func read(_ connection: Int32, _ interruption: Interruption) -> Request? {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.contains("\r\n\r\n") {
      guard waitToRead(connection, interruption) else { return nil }
      let count = unsafe Glibc.read(connection, &buffer, buffer.count)
      guard count > 0 else { return nil }
      text += String(decoding: buffer.prefix(count), as: UTF8.self)
    }
    let lines = text.split(separator: "\r\n").map(String.init)
    let words = lines.first?.split(separator: " ").map(String.init) ?? []
    guard words.count == 3 else { return nil }
    return Request(method: words[0], path: words[1], headers: Array(lines.dropFirst()))
  }

  private static func waitToRead(_ descriptor: Int32, _ interruption: Interruption) -> Bool {
    var entries = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    unsafe poll(&entries, nfds_t(entries.count), -1)
    return !interruption.isRaised
  }
}
