internal import RecoverBase
internal import RecoverCore

extension ShapeReader {
  mutating func readText(_ node: YAMLNode, _ form: TextForm, _ path: String) -> JSONValue? {
    guard case .scalar(let text, let isPlain) = node.content, !PlainScalar.isNull(text, isPlain: isPlain) else {
      reportType(node, path, form.expectation)
      return nil
    }
    guard !text.isEmpty else {
      report(node.place, "`\(path)` must not be empty")
      return nil
    }
    let allowsLines = form == .anything
    guard !text.unicodeScalars.contains(where: { Self.isControl($0, allowsLines: allowsLines) }) else {
      report(node.place, "`\(path)` has \(allowsLines ? "a control character" : "a line break or control character")")
      return nil
    }
    if let problem = form.problem(of: text) {
      report(node.place, "`\(path)` \(problem.message)", hint: problem.hint)
      return nil
    }
    return .string(form == .path ? PathText.absolute(text, from: root) : text)
  }

  private static func isControl(_ scalar: Unicode.Scalar, allowsLines: Bool) -> Bool {
    switch scalar {
    case "\n", "\r", "\t": !allowsLines
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}": true
    default: false
    }
  }

  mutating func readChoice(_ node: YAMLNode, _ words: [String], _ path: String) -> JSONValue? {
    let list = words.map { "`\($0)`" }.joined(separator: ", ")
    guard let text = node.text, words.contains(text) else {
      let hint = node.text.flatMap { NearestName.hint($0, among: words) }
      reportType(node, path, "one of \(list)", hint: hint)
      return nil
    }
    return .string(text)
  }

  mutating func readInteger(_ node: YAMLNode, _ range: ClosedRange<Int64>, _ path: String) -> JSONValue? {
    let expectation =
      range.count == 1 ? "\(range.lowerBound)" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard case .scalar(let text, let isPlain) = node.content, isPlain,
      case .integer(let number) = PlainScalar.value(text)
    else {
      let isQuoted = node.text.flatMap { Int64($0) } != nil
      reportType(node, path, expectation, hint: isQuoted ? "write it without quotes" : nil)
      return nil
    }
    guard range.contains(number) else {
      report(node.place, "`\(path)` must be \(expectation)")
      return nil
    }
    return .integer(number)
  }

  mutating func readBoolean(_ node: YAMLNode, _ path: String) -> JSONValue? {
    guard case .scalar(let text, let isPlain) = node.content, isPlain, case .bool(let value) = PlainScalar.value(text)
    else {
      let meant = node.text.flatMap { Self.oldBooleans[$0.lowercased()] }
      reportType(node, path, "`true` or `false`", hint: meant.map { "did you mean `\($0)`?" })
      return nil
    }
    return .bool(value)
  }

  /// What YAML 1.1 read as booleans, and what people put into quotes.
  private static let oldBooleans = [
    "yes": true, "on": true, "y": true, "true": true, "no": false, "off": false, "n": false, "false": false,
  ]

  mutating func readDuration(_ node: YAMLNode, _ minimum: Duration, _ path: String) -> JSONValue? {
    guard let text = node.text, let duration = Duration(text: text) else {
      let isNumber = node.text.flatMap { Int64($0) }.map { $0 >= 0 } ?? false
      reportType(
        node, path, "a duration such as `500ms`, `90s`, `1h30m` or `7d`",
        hint: isNumber ? node.text.map { "did you mean `\($0)s`?" } : nil)
      return nil
    }
    guard duration >= minimum else {
      report(node.place, "`\(path)` must be at least \(minimum.text)")
      return nil
    }
    return .string(duration.text)
  }

  mutating func readSize(_ node: YAMLNode, _ path: String) -> JSONValue? {
    guard let text = node.text, let size = ByteCount(text: text) else {
      reportType(node, path, "a size such as `20 GB` or `512 MiB`")
      return nil
    }
    return .integer(size.bytes)
  }
}

extension TextForm {
  /// What it must be, for a sentence that ends with it.
  var expectation: String {
    switch self {
    case .anything, .line: "a text"
    case .name: "a name"
    case .path: "a path"
    case .databaseURL, .webURL: "a URL"
    case .owner: "an owner such as `1000:1000`"
    case .modes: "a change of modes such as `u=rwX,g=rX,o=`"
    }
  }

  /// What is wrong with a text, never with the text itself in it.
  func problem(of text: String) -> ConnectionURL.Problem? {
    switch self {
    case .anything, .line: nil
    case .name: Self.isName(text) ? nil : .init(message: "must be a name", hint: Self.nameRule)
    case .path:
      text.hasPrefix("~")
        ? .init(message: "starts with `~`, which only a shell reads", hint: "write the whole path") : nil
    case .databaseURL: ConnectionURL.problem(ofDatabase: text)
    case .webURL: ConnectionURL.problem(ofWeb: text)
    case .modes:
      ModeChange(text) != nil
        ? nil
        : .init(
          message: "must be a change of modes such as `u=rwX,g=rX,o=`",
          hint: "write it as chmod takes it, in letters: one number can't be right for files and directories")
    case .owner:
      Self.isOwner(text)
        ? nil : .init(message: "must be an owner such as `1000:1000`", hint: "write it as `USER:GROUP`, in quotes")
    }
  }

  private static let nameRule =
    "a name has at most 63 letters, digits, `_`, `-` and `.`, and starts with neither `-` nor `.`"

  /// The rule of ``TextForm/name``.
  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 63 else { return false }
    return isWordByte(first)
      && text.utf8.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  private static func isOwner(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { part in !part.isEmpty && !part.contains(where: \.isWhitespace) }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
