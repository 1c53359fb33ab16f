internal import RecoverBase

extension ConnectionSettings {
  /// Settings from a URI (`postgresql://user@host/database?sslmode=require`) or from `key=value` pairs.
  ///
  /// - Throws: ``RecoverError`` `usage`, without any part of the text: where a password is not escaped, libpq
  ///   takes pieces of it for the host or the port.
  package init(_ text: String) throws {
    if let scheme = Self.schemes.first(where: text.hasPrefix) {
      try Self.checkAuthority(of: text.dropFirst(scheme.count))
    } else if let scheme = text.prefixMatch(of: /([A-Za-z][A-Za-z0-9+.\-]{0,19}):\/\//)?.output.1 {
      throw Self.refused("\(scheme):// is no scheme of PostgreSQL")
    }
    guard !text.utf8.contains(0) else { throw Self.refused("it holds a NUL byte") }
    switch Libpq.parse(text) {
    case .failure(let problem):
      if let name = Self.unknownParameter(of: text) {
        throw Self.refused(
          "libpq knows no parameter `\(name)`", hint: NearestName.hint(name, among: Libpq.keywords))
      }
      throw Self.refused(Self.withoutQuotedParts(problem.message), hint: Self.hint(for: problem.message))
    case .success(let parsed):
      var options: [String: String] = [:]
      var secrets: [String: Secret] = [:]
      for (keyword, value) in parsed {
        if Self.secretKeywords.contains(keyword) { secrets[keyword] = Secret(value) } else { options[keyword] = value }
      }
      self.init(options: options, secrets: secrets)
    }
    try checkHostAndPort()
  }

  private static let schemes = ["postgresql://", "postgres://"]

  /// Refuses a URI in which libpq would take a part of the password for the host, the port or the database.
  private static func checkAuthority(of rest: Substring) throws {
    let head = rest.prefix { $0 != "/" && $0 != "@" }
    let afterUser = rest.dropFirst(head.count)
    let tail = afterUser.first == "@" ? afterUser.dropFirst() : afterUser
    guard !tail.prefix(while: { $0 != "?" }).contains("@") else {
      throw refused(
        "it has an '@' or a '/' too many",
        hint: "in a user name or password write @ as %40, / as %2F, : as %3A and % as %25")
    }
  }

  /// Refuses a host or port that can only be a piece of something else, before anything repeats it.
  private func checkHostAndPort() throws {
    let ports = port.map { $0.split(separator: ",") } ?? []
    guard ports.allSatisfy({ UInt16($0) != nil }) else {
      throw Self.refused("its port is not a number from 0 to 65535", hint: "in a password write : as %3A")
    }
    let hosts = host.map { $0.split(separator: ",") } ?? []
    guard hosts.allSatisfy({ !$0.dropFirst().contains("@") }) else {
      throw Self.refused("its host holds an '@'", hint: "in a password write @ as %40")
    }
  }

  /// The first parameter of a URI that libpq does not know; nil where it could be a piece of a password.
  private static func unknownParameter(of text: String) -> String? {
    guard let scheme = schemes.first(where: text.hasPrefix), let mark = text.firstIndex(of: "?"),
      !text[mark...].contains("@")
    else { return nil }
    let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
    guard authority.contains("@") || authority.wholeMatch(of: /[^:]*(:[0-9]*)?/) != nil else { return nil }
    let names = text[text.index(after: mark)...].split(separator: "&").map { String($0.prefix { $0 != "=" }) }
    return names.first { name in
      !Libpq.keywords.contains(name) && name != "ssl" && name.wholeMatch(of: /[a-z_]{1,30}/) != nil
    }
  }

  private static func refused(_ why: String, hint: String? = nil) -> RecoverError {
    RecoverError(
      .usage, "the connection string is not valid: \(why)",
      hint: hint ?? "write it as postgresql://user@host:port/database, and keep the password in ~/.pgpass")
  }

  /// libpq's message with every quoted part blanked: any of them may be a piece of a password.
  private static func withoutQuotedParts(_ message: String) -> String {
    guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else {
      return message
    }
    // Up to the last quotation mark, since the part itself may hold some.
    return message[..<first] + "\"...\"" + message[message.index(after: last)...]
  }

  /// Names the key word that a quoted part of libpq's message nearly is; never repeats the part.
  private static func hint(for message: String) -> String? {
    guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else {
      return nil
    }
    let part = String(message[message.index(after: first)..<last])
    return NearestName.hint(part, among: Libpq.keywords)
  }
}

extension ConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { redactedURL }
  package var debugDescription: String { redactedURL }
  package var customMirror: Mirror { Mirror(self, children: ["url": redactedURL]) }

  /// The settings as a URI without any password; reading it gives the same settings but for the passwords.
  package var redactedURL: String {
    var query = options
    var text = "postgresql://"
    if let user, !user.isEmpty {
      text += Self.escaped(user) + "@"
      query["user"] = nil
    }
    if let authority = authority() {
      text += authority
      query["host"] = nil
      query["port"] = nil
    }
    if let database, !database.isEmpty {
      text += "/" + Self.escaped(database)
      query["dbname"] = nil
    } else if !query.isEmpty {
      text += "/"
    }
    let pairs = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value))" }
    return pairs.isEmpty ? text : text + "?" + pairs.joined(separator: "&")
  }

  /// `host:port`, where there is one host and it can stand there.
  private func authority() -> String? {
    guard let host, !host.isEmpty, !host.contains(","), !host.hasPrefix("/"), !host.hasPrefix("@") else { return nil }
    guard !(port ?? "").contains(",") else { return nil }
    let name = host.contains(":") ? "[\(host)]" : Self.escaped(host)
    guard host.utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: ":") }) else { return nil }
    guard let port, !port.isEmpty else { return port == nil ? name : nil }
    return "\(name):\(port)"
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// Percent-encoding (RFC 3986) of everything but unreserved characters.
  private static func escaped(_ text: String) -> String {
    var escaped: [UInt8] = []
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in text.utf8 {
      if isPlain(byte) {
        escaped.append(byte)
      } else {
        escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }
}
