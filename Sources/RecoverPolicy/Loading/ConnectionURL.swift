/// What is wrong with a URL that a policy file holds; never with the URL in its text, which may have a secret.
enum ConnectionURL {
  /// The query parameters of libpq that are secrets (PostgreSQL, 34.1.2).
  private static let secretParameters: Set<String> = ["password", "sslpassword", "oauth_client_secret"]

  static let databaseSchemes = ["postgres://", "postgresql://"]
  static let webSchemes = ["http://", "https://"]

  /// What is wrong: a message that goes on after the key's name, and a hint.
  struct Problem: Equatable {
    var message: String
    var hint: String
  }

  static func problem(ofDatabase url: String) -> Problem? {
    guard let rest = afterScheme(url, databaseSchemes) else {
      return Problem(
        message: "must be a URL that starts with `postgres://`",
        hint: "write it as `postgres://USER@HOST:PORT/DATABASE`")
    }
    guard !hasPassword(rest), !parameterNames(rest).contains(where: secretParameters.contains) else {
      return Problem(
        message: "holds a password, which a policy file must not",
        hint: "put it into .pgpass, a file that PGPASSFILE names, a connection service file, or `password-file`")
    }
    return space(in: url)
  }

  static func problem(ofWeb url: String) -> Problem? {
    guard let rest = afterScheme(url, webSchemes), rest.first.map({ !"/?#:".contains($0) }) ?? false else {
      return Problem(
        message: "must be a URL that starts with `http://` or `https://`",
        hint: "write it as `http://HOST:PORT/PATH`")
    }
    guard !hasPassword(rest) else {
      return Problem(
        message: "holds a password, which a policy file must not",
        hint: "ask a page that needs none, or use a `command` probe that reads it from a file")
    }
    return space(in: url)
  }

  private static func space(in url: String) -> Problem? {
    guard url.contains(where: \.isWhitespace) else { return nil }
    return Problem(message: "has a space in it", hint: "write it as `%20`")
  }

  private static func afterScheme(_ url: String, _ schemes: [String]) -> Substring? {
    let folded = url.lowercased()
    return schemes.first(where: folded.hasPrefix).map { url.dropFirst($0.count) }
  }

  /// Whether a colon and a text stand between the start and the last `@`, as in `USER:PASSWORD@HOST`.
  ///
  /// Wider than RFC 3986, since a password that was not encoded may hold `/`, `?` and `@` itself; but the port
  /// of a host before an `@` that stands in the path or the query is no password.
  private static func hasPassword(_ rest: Substring) -> Bool {
    guard let at = rest.lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") else { return false }
    let before = rest[..<colon]
    let after = rest[rest.index(after: colon)..<at]
    return !after.isEmpty && !before.hasPrefix("[") && !before.contains { "/?#".contains($0) } && !startsWithPort(after)
  }

  /// Whether it is a port and the rest of a URL: `5432/path`.
  private static func startsWithPort(_ text: Substring) -> Bool {
    let rest = text.drop { $0.isASCII && $0.isNumber }
    return rest.startIndex != text.startIndex && rest.first.map { "/?#,".contains($0) } ?? false
  }

  /// The names of the query's parameters, decoded.
  private static func parameterNames(_ rest: Substring) -> [String] {
    guard let question = rest.firstIndex(of: "?") else { return [] }
    return rest[rest.index(after: question)...].split(separator: "&").map { pair in
      percentDecoded(pair.prefix { $0 != "=" }).lowercased()
    }
  }

  /// Decodes `%41`; what is not two digits is left as it is.
  static func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
