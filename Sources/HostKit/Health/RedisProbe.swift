package import RecoverBase

/// Passes when a Redis answers PING, and uses no more memory than it may (Redis serialization protocol, RESP2).
package struct RedisProbe: ProbeDriver {
  private let host: String
  private let port: Int
  private let user: String?
  private let password: Secret?
  private let memoryLimit: ByteCount?

  /// - Parameters:
  ///   - user: for access lists, from Redis 6 on; nil with a password alone.
  ///   - memoryLimit: the most that `used_memory` may be; nil for any.
  package init(
    host: String, port: Int = 6379, user: String? = nil, password: Secret? = nil, memoryLimit: ByteCount? = nil
  ) {
    self.host = host
    self.port = port
    self.user = user
    self.password = password
    self.memoryLimit = memoryLimit
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-redis") { interruption in
        let connection = try TCPConnection(host: host, port: port, deadline: deadline, interruption: interruption)
        return try ask(connection)
      }
    } catch let failure as TCPConnection.Failure {
      return failure.result
    } catch {
      return .unknown("\(place): \(error)")
    }
  }

  private var place: String { "\(host):\(port)" }

  private func ask(_ connection: borrowing TCPConnection) throws(TCPConnection.Failure) -> HealthResult {
    if let password {
      let answer = try order(["AUTH"] + (user.map { [$0] } ?? []) + [password.reveal()], connection)
      // What it answers never repeats the password.
      guard case .text("OK") = answer else { return .unhealthy("\(place): AUTH: \(answer.shown)") }
    }
    let answer = try order(["PING"], connection)
    guard case .text("PONG") = answer else { return .unhealthy("\(place): PING: \(answer.shown)") }
    guard let memoryLimit else { return .healthy }
    let memory = try order(["INFO", "memory"], connection)
    guard case .bulk(let text) = memory, let used = Self.usedMemory(in: text) else {
      return .unhealthy("\(place): INFO memory: \(memory.shown)")
    }
    return used <= memoryLimit.bytes
      ? .healthy : .unhealthy("\(place): uses \(ByteCount(used)) of memory, and not at most \(memoryLimit)")
  }

  static func usedMemory(in text: String) -> Int64? {
    let key = "used_memory:"
    return text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(key) }.flatMap {
      Int64($0.dropFirst(key.count))
    }
  }

  private func order(_ words: [String], _ connection: borrowing TCPConnection) throws(TCPConnection.Failure)
    -> RESPAnswer
  {
    try connection.send(RESPAnswer.request(words))
    var bytes: [UInt8] = []
    while true {
      let more = try connection.receive()
      guard !more.isEmpty else { throw .refused("\(place): closed the connection") }
      bytes += more
      if let answer = RESPAnswer(bytes) { return answer }
      guard bytes.count <= 1 << 20 else { throw .refused("\(place): answered with more than an answer has") }
    }
  }
}

/// An answer of Redis to a command that has a short one.
enum RESPAnswer: Hashable {
  /// `+OK`, or a number.
  case text(String)
  case error(String)
  case bulk(String)
  /// Neither of these: not a Redis, or an answer to something else.
  case strange(String)

  /// A command as an array of bulk strings.
  static func request(_ words: [String]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words { bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
    return bytes
  }

  /// Reads an answer; nil while it is not whole.
  init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: [0x0D, 0x0A]) else { return nil }
    let line = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    switch line.first {
    case "+", ":": self = .text(String(line.dropFirst()))
    case "-": self = .error(String(line.dropFirst()))
    case "$":
      guard let length = Int(line.dropFirst()), length >= 0 else {
        self = .strange(line)
        return
      }
      guard bytes.count - end.upperBound >= length + 2 else { return nil }
      self = .bulk(String(decoding: bytes[end.upperBound..<end.upperBound + length], as: UTF8.self))
    default: self = .strange(line)
    }
  }

  /// The answer as one short line.
  var shown: String {
    switch self {
    case .text(let text), .error(let text): String(text.prefix(100))
    case .bulk: "an answer without what was asked for"
    case .strange(let line): "no answer of a Redis: \(line.prefix(40))"
    }
  }
}
