internal import Clibpq

/// libpq's own reading of connection strings.
enum Libpq {
  struct Problem: Error {
    /// libpq's message; its quoted parts may be pieces of a password.
    let message: String
  }

  /// Every key word that libpq knows.
  static let keywords: [String] = {
    guard let options = unsafe PQconninfoParse("", nil) else { return [] }
    defer { unsafe PQconninfoFree(options) }
    return unsafe read(options).map(\.keyword)
  }()

  /// The options that a URI or a list of `key=value` pairs gives, by key word; unset ones are absent.
  static func parse(_ text: String) -> Result<[String: String], Problem> {
    var message: UnsafeMutablePointer<CChar>? = nil
    // Without a scheme and a '=', libpq programs take the text for the name of a database.
    let isName = !text.isEmpty && !text.contains("=") && !text.contains("://") && !text.contains(" ")
    if isName { return .success(["dbname": text]) }
    guard let options = unsafe PQconninfoParse(text, &message) else {
      let reason = unsafe message.map { unsafe String(cString: $0) } ?? "out of memory"
      unsafe PQfreemem(message)
      return .failure(Problem(message: trimmed(reason)))
    }
    defer { unsafe PQconninfoFree(options) }
    let given = unsafe read(options).compactMap { option in option.value.map { (option.keyword, $0) } }
    return .success(Dictionary(given) { $1 })
  }

  /// Reads libpq's list of options, which ends with one without a key word.
  static func read(_ first: UnsafePointer<PQconninfoOption>) -> [(keyword: String, value: String?)] {
    var options: [(keyword: String, value: String?)] = []
    var next = unsafe first
    while let keyword = unsafe next.pointee.keyword {
      let value = unsafe next.pointee.val.map { unsafe String(cString: $0) }
      options.append((unsafe String(cString: keyword), value))
      unsafe next += 1
    }
    return options
  }

  /// A message of libpq without the newline at its end, and on one line.
  static func trimmed(_ message: String) -> String {
    message.split(separator: "\n").map { line in
      line.drop { $0 == "\t" || $0 == " " }
    }.joined(separator: "; ")
  }
}
